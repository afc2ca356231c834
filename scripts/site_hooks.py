"""Hooks of the documentation site: pages that are not files in docs/, and llms.txt."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from site_reference import as_text, load, reference

ROOT = Path(__file__).parent.parent

OUTSIDE = {
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/RESULTS.md": "benchmarks.md",
    "examples/README.md": "examples.md",
}
"""Pages of the site by the files outside of docs/ that they show."""

FOR_REFERENCE = ("api.md", "faults.md", "peers.md")
"""Pages that few people read from beginning to end."""

pages: list[Page] = []
"""The pages of the build in the order of the navigation, for llms.txt."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the pages of the reference to the navigation."""
    # `mkdocs serve` builds again after a change.
    load.cache_clear()
    reference.cache_clear()
    for section in config.nav or []:
        if isinstance(section, dict) and "Reference" in section:
            names = [name for name in reference() if name != "index"]
            section["Reference"] = [
                "reference/index.md",
                *({f"root.{name}": f"reference/{name}.md"} for name in names),
            ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the reference, and those of files outside of docs/."""
    for name, text in reference().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    for source, path in OUTSIDE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links that are right in the repository into those of the site."""
    path = page.file.src_uri
    if path in OUTSIDE.values() or path in FOR_REFERENCE or path.startswith("reference/"):
        page.meta["search"] = {"boost": 0.4}  # The search has guides first.
    return site_links(markdown, path, {file.src_uri for file in files})


def site_links(markdown: str, path: str, pages: set[str]) -> str:
    """Return the Markdown of the page at `path` with the links of the site that has `pages`."""
    source = next((name for name, it in OUTSIDE.items() if it == path), f"docs/{path}")

    def link(match: re.Match[str]) -> str:
        text, place, anchor = match.groups(default="")
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), place))
        page = OUTSIDE.get(wanted, wanted.removeprefix("docs/"))
        if page in pages:
            return f"[{text}]({posixpath.relpath(page, posixpath.dirname(path) or '.')}{anchor})"
        # MkDocs warns of a link to nothing. What only the repository has is no link on the site.
        return text if (ROOT / wanted).exists() else match[0]

    return re.sub(r"\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)", link, markdown)


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Remember the pages."""
    pages[:] = nav.pages
    return nav


def on_post_build(config: MkDocsConfig) -> None:
    """Write the pages as Markdown, a list of them, and all of them in one file."""
    site = Path(config.site_dir)
    listed = [f"# {config.site_name}\n\n> {config.site_description}\n"]
    section = None
    everything = []
    for page in pages:
        path = page.file.src_uri
        text = page.markdown or ""
        if path.startswith("reference/"):
            text = as_text(text)
        (site / path).write_text(text, encoding="utf-8")
        everything.append(text)
        if page.parent is not None and page.parent is not section:
            section = page.parent
            listed.append(f"\n## {section.title}\n")
        listed.append(f"- [{page.title}]({path})")
    (site / "llms.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
    (site / "llms-full.txt").write_text("\n\n".join(everything), encoding="utf-8")
