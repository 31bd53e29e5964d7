/** A WebSocket of the ws package that can be cut as a network cuts it: without a word. */

import WebSocket from "ws";

const opened = [];

export class CuttableSocket extends WebSocket {
  constructor(...args) {
    super(...args);
    this.on("error", () => {}); // told by the close that follows
    opened.push(this);
  }
}

export function cut() {
  opened.at(-1).terminate();
}

export function count() {
  return opened.length;
}

/** The tests read one line of JSON. */
export function report(value) {
  console.log(JSON.stringify(value));
  process.exit(0);
}
