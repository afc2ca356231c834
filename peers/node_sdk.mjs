// Make calls with the official SDK for JavaScript, in the way that python_sdk.py does.
//
// Here nothing is found in the environment by the SDK itself, and a listing is asked for page by
// page, `next` being handed on as the cursor, as the SDK's own documentation does.

import { createInterface } from "node:readline";

import { Scorable } from "@root-signals/scorable";

// What the SDK calls the methods that have other names in Python.
const NAMES = { retrieve: "get", update: "patch", replace: "update" };

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

async function make({ method, positional, named }) {
  if (method === "list") return list(named);
  const got = await models[NAMES[method] ?? method](...positional, named);
  return method === "create" ? got.id : (got ?? null);
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { got: await make(JSON.parse(line)) };
  } catch (error) {
    answer = { error: `${error.name}: ${error.message}`, status: error.status ?? null };
  }
  console.log(JSON.stringify(answer));
}
