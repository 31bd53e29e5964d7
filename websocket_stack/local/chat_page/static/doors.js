/**
 * The doors of the stack: the ways to ask the bot. Each has its own session and its own connection:
 *
 * - `longest`: how many characters a question may have
 * - `session`: the id that its turns belong to
 * - `state`: that of its connection, as `on.state` is told of it
 * - `open()`, `close()`, `newSession()`
 * - `ask(question)`: resolves to the messages of the reply, as Lex has them
 * - `stop()`, where a reply can be stopped
 *
 * `on` has the functions state(state), text(text), for each frame's text, and event(sentence).
 */

import { Connection } from "./connection.js";
import * as lex from "./lex.js";

const LOST = "The connection was lost before the end of the reply.";

/** Lex's text API, and the connection over which Lex Web UI hears text meanwhile. */
export class LexDoor {
  longest = lex.LONGEST_TEXT;

  #connection;
  #sessionTable;
  #attributes = {}; // those of the previous answer

  /** `sessionTable()` resolves to the name of the table, or to nothing where it is not known. */
  constructor(on, sessionTable) {
    this.#sessionTable = sessionTable;
    this.#connection = new Connection({ ...on, frame: on.text });
  }

  get session() {
    return lex.sessionId("page");
  }

  get state() {
    return this.#connection.state;
  }

  open() {
    this.#connection.open(`/Prod?sessionId=${encodeURIComponent(this.session)}`);
  }

  close() {
    this.#connection.close();
  }

  newSession() {
    const ended = lex.endSession(this.session);
    lex.newSessionId("page");
    this.#attributes = {};
    this.open();
    return ended;
  }

  /** The attributes are sent whatever the connection's state, as Lex Web UI does. */
  async ask(question) {
    const answer = await lex.ask(this.session, question, {
      ...this.#attributes,
      streamingEndpoint: `${location.origin}/Prod`,
      streamingDynamoDbTable: (await this.#sessionTable()) ?? "",
    });
    this.#attributes = answer.sessionState?.sessionAttributes ?? {};
    return answer.messages ?? [];
  }
}

/** Lex as the test window of its console asks: without attributes and without a connection. */
export class ConsoleDoor {
  longest = lex.LONGEST_TEXT;
  state = { name: "off" };

  #on;

  constructor(on) {
    this.#on = on;
  }

  get session() {
    return lex.sessionId("console");
  }

  open() {
    this.#on.state(this.state);
  }

  close() {}

  newSession() {
    const ended = lex.endSession(this.session);
    lex.newSessionId("console");
    return ended;
  }

  async ask(question) {
    return (await lex.ask(this.session, question)).messages ?? [];
  }
}

/** WebSocket chat: question, reply and stop go over one connection, and Lex has no part in it. */
export class ChatDoor {
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
    this.#say({ action: "sendMessage", id, prompt: question, conversation: this.session });
    try {
      return [{ contentType: "CustomPayload", content: await reply }];
    } finally {
      this.#turn = null;
    }
  }

  stop() {
    if (this.#turn) this.#say({ action: "stop", message: { id: this.#turn.id } });
  }

  #say(message) {
    this.#connection.send(JSON.stringify(message));
  }

  #received(data) {
    const { id, type, statusCode, text } = JSON.parse(data);
    if (!type) return; // the answer to a ping
    const turn = this.#turn;
    if (turn?.id !== id) this.#on.event(`A frame came outside a turn: ${data}`);
    else if (type === "end") this.#end(turn);
    else if (statusCode !== 200) turn.failure += text;
    else {
      turn.text += text;
      this.#on.text(text);
    }
  }

  #end({ text, failure, resolve, reject }) {
    if (failure) reject(new lex.TurnError(failure.trim()));
    else resolve(text);
  }
}
