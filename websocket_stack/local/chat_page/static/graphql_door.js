/** AppSync: a mutation asks, a subscription tells the reply meanwhile, and a query has it whole. */

import { Connection } from "./connection.js";
import * as lex from "./lex.js";

const CHAT = "subscription ($chatId: String!) { chat(chatId: $chatId) { chatId data seq kind messageId } }";
const ASK = "mutation ($chatId: String!, $prompt: String!) { ask(chatId: $chatId, prompt: $prompt) { chatId } }";
const STOP = "mutation ($chatId: String!) { stop(chatId: $chatId) }";
const STATE = "query ($chatId: String!) { chatState(chatId: $chatId) { text kind } }";

/** https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html */
export class GraphQlDoor {
  longest = 8_000;
  state = { name: "closed", code: 1000 };

  #on;
  #apiKey;
  #connection;
  #failure = "";

  /** `apiKey()` resolves to the API's key. */
  constructor(on, apiKey) {
    this.#on = on;
    this.#apiKey = apiKey;
    this.#connection = new Connection({
      ...on,
      state: (state) => this.#stateChanged(state),
      frame: (data) => this.#received(JSON.parse(data)),
    });
  }

  get session() {
    return lex.sessionId("graphql");
  }

  async open() {
    const header = btoa(JSON.stringify(await this.#authorization()));
    const query = new URLSearchParams({ header, payload: btoa("{}") });
    this.#connection.open(`/graphql/realtime?${query}`, { protocol: "graphql-ws" });
  }

  close() {
    this.#connection.close();
  }

  async newSession() {
    lex.newSessionId("graphql");
    await this.open();
  }

  async ask(question) {
    this.#failure = "";
    const asked = await this.#execute(ASK, { chatId: this.session, prompt: question });
    const state = (await this.#execute(STATE, { chatId: this.session })).chatState;
    if (this.#failure || !asked) throw new lex.TurnError(this.#failure);
    return [{ contentType: "CustomPayload", content: state?.text }];
  }

  stop() {
    this.#execute(STOP, { chatId: this.session }).catch((error) => this.#on.event(error.message));
  }

  async #execute(query, variables) {
    const headers = { "Content-Type": "application/json", "x-api-key": await this.#apiKey() };
    const request = { method: "POST", headers, body: JSON.stringify({ query, variables }) };
    const response = await fetch("/graphql", request).catch(() => null);
    const { data, errors } = (await response?.json().catch(() => null)) ?? {};
    if (!data || errors) throw new lex.TurnError(errors?.[0]?.message ?? "The server cannot be reached.");
    return data;
  }

  async #authorization() {
    return { host: location.host, "x-api-key": await this.#apiKey() };
  }

  #stateChanged(state) {
    if (state.name === "open") this.#connection.send(JSON.stringify({ type: "connection_init" }));
    else this.#report(state);
  }

  async #received({ type, payload }) {
    if (type === "connection_ack") await this.#subscribe();
    else if (type === "start_ack") this.#report({ name: "open" });
    else if (type === "data") this.#told(payload.data.chat);
    else if (type === "error" || type === "connection_error") this.#on.event(payload.errors[0].message);
  }

  async #subscribe() {
    const data = JSON.stringify({ query: CHAT, variables: { chatId: this.session } });
    const extensions = { authorization: await this.#authorization() };
    this.#connection.send(JSON.stringify({ type: "start", id: "chat", payload: { data, extensions } }));
  }

  #told({ data, kind }) {
    if (kind === "error") this.#failure = data || "The reply failed.";
    else if (data) this.#on.text(data);
  }

  #report(state) {
    this.state = state;
    this.#on.state(state);
  }
}
