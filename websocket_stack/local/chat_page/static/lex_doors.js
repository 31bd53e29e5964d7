/** The doors that lead through Lex. */

import { Connection } from "./connection.js";
import * as lex from "./lex.js";

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
