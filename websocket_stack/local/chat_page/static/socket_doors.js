/** The doors where question, reply and stop go over one connection, and Lex has no part in it. */

import { Connection } from "./connection.js";
import * as lex from "./lex.js";

const LOST = "The connection was lost before the end of the reply.";

/** What they have in common; one has `request(id, question)`, `cancellation(id)` and `read(frame)`. */
class SocketDoor {
  longest = 8_000; // of at most four bytes each, a question fits into MESSAGE_BYTES

  #on;
  #connection;
  #turn = null;

  constructor(on) {
    this.#on = on;
    const state = (state) => {
      if (state.name === "closed") this.#turn?.reject(new lex.TurnError(LOST));
      on.state(state);
    };
    this.#connection = new Connection({ ...on, state, frame: (data) => this.#received(data) });
  }

  /** The name of its conversation, which is all that protects one without a sign-in. */
  get session() {
    return lex.sessionId("chat");
  }

  get state() {
    return this.#connection.state;
  }

  open() {
    this.#connection.open("/dev/");
  }

  close() {
    this.#connection.close();
  }

  async newSession() {
    lex.newSessionId("chat");
    this.open();
  }

  async ask(question) {
    if (this.state.name !== "open") throw new lex.TurnError("There is no connection to ask over.");
    const id = crypto.getRandomValues(new Uint32Array(1))[0];
    const reply = new Promise((resolve, reject) => {
      this.#turn = { id, text: "", failure: "", resolve, reject };
    });
    this.#say(this.request(id, question));
    try {
      return [{ contentType: "CustomPayload", content: await reply }];
    } finally {
      this.#turn = null;
    }
  }

  stop() {
    if (this.#turn) this.#say(this.cancellation(this.#turn.id));
  }

  #say(message) {
    this.#connection.send(JSON.stringify(message));
  }

  #received(data) {
    const frame = this.read(JSON.parse(data));
    if (!frame) return; // the answer to a ping
    const turn = this.#turn;
    if (turn?.id !== frame.id) return this.#on.event(`A frame came outside a turn: ${data}`);
    turn.failure += frame.failure ?? "";
    if (frame.text) {
      turn.text += frame.text;
      this.#on.text(frame.text);
    }
    if (frame.ends) this.#end(turn);
  }

  #end({ text, failure, resolve, reject }) {
    if (failure) reject(new lex.TurnError(failure.trim()));
    else resolve(text);
  }
}

/** WebSocket chat, with memory. */
export class ChatDoor extends SocketDoor {
  request(id, prompt) {
    return { action: "sendMessage", id, prompt, conversation: this.session };
  }

  cancellation(id) {
    return { action: "stop", message: { id } };
  }

  read({ id, type, statusCode, text }) {
    if (!type) return null;
    if (type === "end") return { id, ends: true };
    return statusCode === 200 ? { id, text } : { id, failure: text };
  }
}

/** Socket tasks: each question is a task of its own. */
export class TaskDoor extends SocketDoor {
  request(id, question) {
    return { action: "task-submit", task: { id, type: "llm-streamer", data: { question } } };
  }

  cancellation(id) {
    return { action: "stop", task: { id } };
  }

  read({ task_id: id, status, response }) {
    if (id === undefined) return null;
    if (status !== "Success") return { id, failure: response.errorMessage, ends: true };
    return typeof response === "string" ? { id, text: response } : { id, ends: true };
  }
}
