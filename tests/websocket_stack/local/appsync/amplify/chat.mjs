// Ask a question with Amplify's client, as a page does, and print what it hears.
import ws from "ws";

// Amplify speaks TLS alone to a domain of one's own.
const Base = globalThis.WebSocket ?? ws;
globalThis.WebSocket = class extends Base {
  constructor(url, protocols) {
    super(String(url).replace(/^wss:/, "ws:"), protocols);
  }
};

const { Amplify } = await import("aws-amplify");
const { generateClient } = await import("aws-amplify/api");
const { CONNECTION_STATE_CHANGE } = await import("aws-amplify/api");
const { Hub } = await import("aws-amplify/utils");

const [origin, apiKey, chatId, prompt] = process.argv.slice(2);
const endpoint = `${origin}/graphql`;
Amplify.configure({
  API: { GraphQL: { endpoint, region: "us-east-1", defaultAuthMode: "apiKey", apiKey } },
});
const client = generateClient();
const connected = new Promise((resolve) => {
  Hub.listen("api", ({ payload }) => {
    const isConnected = payload.data?.connectionState === "Connected";
    if (payload.event === CONNECTION_STATE_CHANGE && isConnected) resolve();
  });
});

let text = "";
let frames = 0;
const query = "subscription C($chatId: String!) { chat(chatId: $chatId) { chatId data kind } }";
const done = new Promise((resolve, reject) => {
  client.graphql({ query, variables: { chatId } }).subscribe({
    next: ({ data }) => {
      text += data.chat.data;
      frames += 1;
      if (data.chat.kind === "done") resolve();
    },
    error: reject,
  });
});
await connected;
await new Promise((resolve) => setTimeout(resolve, 300));

const asked = await client.graphql({
  query: `mutation A($chatId: String!, $prompt: String!) {
    ask(chatId: $chatId, prompt: $prompt) { chatId data }
  }`,
  variables: { chatId, prompt },
});
await done;
let refused;
try {
  await client.graphql({ query: 'mutation { send(chatId: "c", data: "d") { data } }' });
} catch (error) {
  refused = error.errors[0].errorType;
}
console.log(JSON.stringify({ asked, text, frames, refused }));
process.exit(0);
