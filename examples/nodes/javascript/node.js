// A correct node for Gossip Glomers 5a, in JavaScript for Node.js without any package.
//
//     kafkasim simulate examples/scenarios/gossip-glomers-5a.yaml --bin "node examples/nodes/javascript/node.js"
//
// JSON.parse reads every number as a double: a message that is an integer beyond 2^53 would come back changed.
"use strict";

const readline = require("node:readline");

/** So many messages of each key one poll returns at most; the next poll goes on from there. */
const POLL_LIMIT = 20;

const logs = new Map();
const committed = new Map();
let nodeId = "";

const answers = {
  init({ node_id }) {
    nodeId = node_id;
    return {};
  },

  send({ key, msg }) {
    if (!logs.has(key)) logs.set(key, []);
    return { offset: logs.get(key).push(msg) - 1 };
  },

  poll({ offsets }) {
    return { msgs: Object.fromEntries(Object.entries(offsets).map(([key, start]) => [key, read(key, start)])) };
  },

  commit_offsets({ offsets }) {
    for (const [key, offset] of Object.entries(offsets)) {
      committed.set(key, Math.max(offset, committed.get(key) ?? -1)); // it never goes back
    }
    return {};
  },

  list_committed_offsets({ keys }) {
    // A key without a commit is left out: 0 would say that its first message has been processed.
    const known = keys.filter((key) => committed.has(key));
    return { offsets: Object.fromEntries(known.map((key) => [key, committed.get(key)])) };
  },
};

const isKey = (value) => typeof value === "string" && value !== "";
const isOffset = (value) => Number.isInteger(value) && value >= 0;
const areKeys = (value) => Array.isArray(value) && value.every(isKey);
const areOffsets = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  Object.entries(value).every(([key, offset]) => isKey(key) && isOffset(offset));

/** Whether a request is of the form of its type; looked at before anything is done. */
const isWellFormed = {
  init: ({ node_id }) => isKey(node_id),
  send: (request) => isKey(request.key) && Object.hasOwn(request, "msg"),
  poll: ({ offsets }) => areOffsets(offsets),
  commit_offsets: ({ offsets }) => areOffsets(offsets),
  list_committed_offsets: ({ keys }) => areKeys(keys),
};

function read(key, start) {
  const messages = logs.get(key) ?? [];
  return messages.slice(start, start + POLL_LIMIT).map((msg, place) => [start + place, msg]);
}

function answer(request) {
  const { type } = request;
  if (!isKey(type)) return { type: "error", code: 12, text: "type is missing" };
  if (!Object.hasOwn(answers, type)) return { type: "error", code: 10, text: `unknown request ${type}` };
  if (!isWellFormed[type](request)) return { type: "error", code: 12, text: `malformed ${type}` };
  return { type: `${type}_ok`, ...answers[type](request) };
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { src, body } = JSON.parse(line);
  const reply = answer(body); // before its frame is made: `init` tells the name that stands in it
  reply.in_reply_to = body.msg_id;
  process.stdout.write(JSON.stringify({ src: nodeId, dest: src, body: reply }) + "\n");
});
