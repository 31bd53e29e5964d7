// Renders Markdown with every version of marked that is installed here: a line of JSON with
// documents in, a line with the different HTML of each document out.
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

// Lex Web UI makes links of addresses by an extension of its own (MessageText.vue).
const lexWebUiLinks = {
  name: "address",
  level: "inline",
  start: (text) => text.match(/https?:\/\/|tel:/)?.index,
  tokenizer(text) {
    const found = text.match(/^(?:https?:\/\/[^\s<>"{}|\\^`[\]]+|tel:[\d\-+()\s]+)/);
    return found ? { type: "address", raw: found[0] } : undefined;
  },
  renderer: ({ raw }) => `<a href="${raw}">${raw}</a>`,
};

const packages = new URL("node_modules/", import.meta.url);
const renderers = {};
for (const name of readdirSync(packages).filter((name) => name.startsWith("marked-"))) {
  const { exports, module } = JSON.parse(readFileSync(new URL(`${name}/package.json`, packages)));
  const path = exports?.["."]?.import ?? exports?.["."]?.default ?? module;
  const entry = new URL(`${name}/${path.default ?? path}`, packages);
  const { marked } = await import(entry);
  renderers[name] = (text) => marked.parse(text, { mangle: false, headerIds: false });
  if (name === "marked-4.3") {
    const { marked: ofLexWebUi } = await import(`${entry}?lex-web-ui`);
    ofLexWebUi.use({ extensions: [lexWebUiLinks] });
    renderers["Lex Web UI"] = (text) => ofLexWebUi.parse(text, { mangle: false, headerIds: false });
  }
}
console.log(JSON.stringify(Object.keys(renderers)));

for await (const line of createInterface({ input: process.stdin })) {
  const rendered = JSON.parse(line).map((text) => {
    const htmls = {};
    for (const [name, render] of Object.entries(renderers)) (htmls[render(text)] ??= []).push(name);
    return htmls;
  });
  console.log(JSON.stringify(rendered));
}
