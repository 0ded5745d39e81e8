// Checks a value against the compact form of shapes.json.
import fs from "node:fs";

export const shapes = JSON.parse(fs.readFileSync(new URL("../shapes.json", import.meta.url)));

const types = {
  any: () => true,
  text: (value) => typeof value === "string" && value.length > 0,
  string: (value) => typeof value === "string",
  bool: (value) => typeof value === "boolean",
  int: Number.isInteger,
  number: Number.isFinite,
  null: (value) => value === null,
};

function fits(word, value) {
  if (word.startsWith("'")) return value === word.slice(1, -1);
  return types[word](value);
}

/** What is wrong with the value, one line each. */
export function problems(value, shape, at = "") {
  if (typeof shape === "string" && shape.startsWith("@")) return problems(value, shapes[shape], at);
  if (typeof shape === "string") {
    const right = shape.split("|").some((word) => fits(word, value));
    return right ? [] : [`${at || "it"} is ${JSON.stringify(value)?.slice(0, 80)} and not ${shape}`];
  }
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${at || "it"} is no list`];
    return value.flatMap((item, index) => problems(item, shape[0], `${at}[${index}]`));
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [`${at || "it"} is no object`];
  return Object.entries(shape).flatMap(([written, inner]) => {
    if (written === "*") return Object.entries(value).flatMap(([key, one]) => problems(one, inner, `${at}.${key}`));
    const key = written.replace(/\?$/, "");
    if (value[key] !== undefined) return problems(value[key], inner, `${at}.${key}`);
    return key === written ? [`${at}.${key} is missing`] : [];
  });
}
