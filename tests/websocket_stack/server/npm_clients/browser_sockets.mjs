/** What sockets.mjs is in Node: the browser's own WebSocket; the test cuts its connections at the server. */

let opened = 0;

export class CuttableSocket extends WebSocket {
  constructor(...args) {
    super(...args);
    opened += 1;
  }
}

export function cut() {
  window.cut();
}

export function count() {
  return opened;
}

/** The test waits for it. */
export function report(value) {
  window.reported = value;
}
