// Chromium starts no workers for pages of file://, so there the search runs in a frame.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.onmessage = null
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.appendChild(frame)
      window.addEventListener("message", (event) => {
        if (event.source !== frame.contentWindow) return
        const message = new MessageEvent("message", { data: event.data })
        this.dispatchEvent(message)
        if (this.onmessage) this.onmessage(message)
      })
      const page = frame.contentDocument
      page.open()
      page.write(`<!doctype html><html><body><script>
        postMessage = (data) => parent.postMessage(data, "*")
        importScripts = (...urls) => urls.reduce((before, url) => before.then(
          () => new Promise((resolve, reject) => {
            const script = document.createElement("script")
            Object.assign(script, { src: url, onload: resolve, onerror: reject })
            document.body.appendChild(script)
          })), Promise.resolve())
      <\/script><script src="${url}"><\/script></body></html>`)
      page.close()
      this.loaded = new Promise((resolve) => { frame.contentWindow.onload = resolve })
      this.frame = frame
    }

    postMessage(data) {
      this.loaded.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
    }

    terminate() {
      this.frame.remove()
    }
  }
}
