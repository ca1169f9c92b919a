// The reference: /openapi.json in readable form, without a library from elsewhere.

import { get } from "./api.js";
import { element } from "./elements.js";

const LIMITS = {
  minLength: "at least", maxLength: "at most", minimum: "from", maximum: "to", minItems: "at least", maxItems: "at most",
};

const example = (origin) => `curl -X POST ${origin}/v1/interactions -H 'Content-Type: application/json' -d '{
  "event_id": "e-1", "user": "anna", "provider": "news", "item": "news-0001",
  "signal": "click", "time": "${new Date().toISOString()}"}'
curl ${origin}/v1/users/anna/profile
curl '${origin}/v1/users/anna/recommendations?provider=news&k=5'`;

function describe(api) {
  document.getElementById("about").textContent = api.info.description;
  const groups = new Map();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), { path, method, operation }]);
    }
  }
  const schemas = api.components?.schemas ?? {};
  const sections = [...groups].flatMap(([tag, list]) => [
    element("h2", "", tag),
    ...list.map((one) => card(one, schemas)),
  ]);
  document.getElementById("operations").replaceChildren(...sections);
}

function card({ path, method, operation }, schemas) {
  const badge = element("span", "tag", method.toUpperCase());
  const inside = element("div", "inside", "", element("p", "", operation.description ?? operation.summary));
  const body = operation.requestBody?.content["application/json"]?.schema;
  const [status, success] = Object.entries(operation.responses)[0] ?? [];
  const answer = success?.content?.["application/json"]?.schema;
  part(inside, "Parameters", operation.parameters?.map(parameter).join("\n"));
  part(inside, "Body", body && shape(body, schemas));
  part(inside, `Answer ${status}`, answer && shape(answer, schemas));
  const gist = element("span", "quiet", (operation.description ?? "").split(/[.:,;]\s/)[0]);
  return element("details", "", "", element("summary", "", "", badge, element("code", "", path), gist), inside);
}

function part(inside, title, text) {
  if (text) inside.append(element("h3", "", title), element("pre", "", text));
}

function parameter({ name, in: where, required, schema }) {
  return `${name}  ${kind(schema, {})}  (${where}${required ? "" : ", optional"})`;
}

/** A schema as the JSON it describes, names of types for values. */
function shape(schema, schemas, indent = "") {
  const plain = resolve(schema, schemas);
  if (plain.anyOf) {
    const forms = plain.anyOf.filter((form) => form.type !== "null");
    return forms.map((form) => shape(form, schemas, indent)).join("  or  ");
  }
  if (plain.properties) {
    const inner = `${indent}  `;
    const lines = Object.entries(plain.properties).map(([name, value]) => {
      const optional = plain.required?.includes(name) ? "" : "?";
      return `${inner}"${name}"${optional}: ${shape(value, schemas, inner)}`;
    });
    return `{\n${lines.join(",\n")}\n${indent}}`;
  }
  if (plain.additionalProperties) return `{"...": ${shape(plain.additionalProperties, schemas, indent)}}`;
  if (plain.type === "array" && plain.items) return `[${shape(plain.items, schemas, indent)}, ...]${limits(plain)}`;
  return kind(plain, schemas);
}

function kind(schema, schemas) {
  const plain = resolve(schema, schemas);
  if (plain.enum) return plain.enum.map((value) => JSON.stringify(value)).join(" | ");
  if ("const" in plain) return JSON.stringify(plain.const);
  if (plain.anyOf) return plain.anyOf.filter((form) => form.type !== "null").map((form) => kind(form, schemas)).join(" | ");
  const fallback = "default" in plain && plain.default !== null ? `, default ${JSON.stringify(plain.default)}` : "";
  return `${plain.format ?? plain.type ?? "anything"}${limits(plain)}${fallback}`;
}

function limits(schema) {
  const said = Object.entries(LIMITS).filter(([name]) => name in schema);
  return said.map(([name, words]) => `, ${words} ${schema[name].toLocaleString("en")}`).join("");
}

function resolve(schema, schemas) {
  return schema.$ref ? schemas[schema.$ref.split("/").at(-1)] : schema;
}

document.getElementById("example").textContent = example(location.origin);
get("/openapi.json")
  .then(describe)
  .catch((error) => {
    document.getElementById("alert").textContent = error.message;
    document.getElementById("alert").hidden = false;
  });
