// Make calls with the official SDK for JavaScript; the protocol is that of python_sdk.py.
//
// This SDK does not read the environment, so base URL and key are passed to it. It returns single
// pages; as its documentation suggests, `next` is sent as the cursor of the following request.

import { createInterface } from "node:readline";

import { Scorable } from "@root-signals/scorable";

// The SDK's names for methods that have other names in Python.
const METHOD_NAMES = { retrieve: "get", update: "patch", replace: "update" };

const { models } = new Scorable({
  apiKey: process.env.SCORABLE_API_KEY,
  baseUrl: process.env.SCORABLE_API_URL,
});

async function list({ limit }) {
  const listed = [];
  let cursor;
  do {
    const page = await models.list({ page_size: 100, ...(cursor && { cursor }) });
    listed.push(...page.results);
    cursor = page.next;
  } while (cursor && listed.length < limit);
  return listed.slice(0, limit);
}

async function call({ method, positional, named }) {
  if (method === "list") return list(named);
  const value = await models[METHOD_NAMES[method] ?? method](...positional, named);
  return method === "create" ? value.id : (value ?? null);
}

for await (const line of createInterface({ input: process.stdin })) {
  let outcome;
  try {
    outcome = { value: await call(JSON.parse(line)) };
  } catch (error) {
    outcome = { error: `${error.name}: ${error.message}`, status: error.status ?? null };
  }
  console.log(JSON.stringify(outcome));
}
