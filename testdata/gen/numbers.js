// Cases of operators and functions of numbers, computed by decimal.js and by Node.

import { Decimal } from "decimal.js";
import { integer, pick, random, times } from "./random.js";

const edges = [0, 1, -1, 0.1, 0.2, 0.3, -0.5, 0.5, 1.5, 2.5, -2.5, 1.005, 4.35, 8.345, 1e21, 1e-7, 123456789012, 5e-324, 1.7976931348623157e308,
  9007199254740991, 9007199254740993, 0.49999999999999994, -0.49999999999999994, 1e20, 123456.789, 1 / 3, 2 / 3, 100, 1e-6, 12345.6789e-10];
const number = () =>
  pick([() => pick(edges), () => integer(-1000, 1000), () => integer(-100000, 100000) / 100, () => (random() - 0.5) * 10 ** integer(-12, 25)])();
const special = (n) => (Number.isFinite(n) ? (Object.is(n, -0) ? 0 : n) : { $number: String(n) });

function operators() {
  const methods = { "+": "plus", "*": "times", "/": "div", "%": "mod" };
  return Object.entries(methods).flatMap(([f, method]) =>
    times(90, () => {
      const [a, b] = [number(), number()];
      return { f, a: [a, b], w: special(new Decimal(a)[method](b).toNumber()) };
    }),
  );
}

const loose = [0, 1, 2, -1, 1.5, "", "0", "1", "2", "a", "b", "A", "é", "10", "9", " 1 ", "1e0", "0x1", "true", "false", "null", true, false, null,
  "Infinity", "😀", "\uFFFD", "ｚ"];

function relations() {
  const compute = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b, "=": (a, b) => a == b,
    "!=": (a, b) => a != b, "-": (a, b) => a - b, "++": (a, b) => Number(a) + Number(b) };
  return Object.keys(compute).flatMap((f) =>
    times(40, () => {
      const [a, b] = [pick(loose), pick(loose)];
      const w = compute[f](a, b);
      return { f, a: [a, b], w: typeof w === "number" ? special(w) : w };
    }),
  );
}

function fixed(n, decimals, point, thousands) {
  const text = n.toFixed(decimals);
  if (!/^-?\d+(\.\d+)?$/.test(text)) return text;
  const [whole, fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, () => thousands);
  return fraction === undefined ? grouped : grouped + point + fraction;
}

function functions() {
  const of = (f, compute) => times(45, () => {
    const a = number();
    return { f, a: [a], w: special(compute(a)) };
  });
  const trunc = times(120, () => {
    const [n, d] = [number(), integer(-4, 8)];
    return { f: "trunc", a: [n, d], w: special(d >= 0 ? new Decimal(n).toDecimalPlaces(d, Decimal.ROUND_DOWN).toNumber() :
      Decimal.clone({ precision: 400 }).div(new Decimal(n).trunc(), new Decimal(10).pow(-d)).trunc().times(new Decimal(10).pow(-d)).toNumber()) };
  });
  const format = times(150, () => {
    const [n, d, point, thousands] = [number(), integer(0, 6), pick([",", ".", "·"]), pick([".", ",", " ", "", "'"])];
    return { f: "formatNumber", a: [n, d, point, thousands], w: fixed(n, d, point, thousands) };
  });
  const lists = times(60, (i) => {
    const list = times(integer(1, 6), number);
    const sum = list.reduce((a, b) => new Decimal(a).plus(b).toNumber(), 0);
    return [{ f: "sum", a: [list], w: special(sum) }, { f: "max", a: [list], w: Math.max(...list) }, { f: "min", a: [list], w: Math.min(...list) }][i % 3];
  });
  const toText = times(120, () => {
    const n = number();
    return { f: "toString", a: [n], w: String(n) };
  });
  const words = ["12", " 12 ", "1e3", "1E-3", ".5", "5.", "0x1F", "0b101", "0o17", "1_000", "Infinity", "-Infinity", "+5", "--5", "1,5", "abc", "", " ", "\t7\n",
    "1e400", "0x", "1e", "\u00a05", "NaN", "٣", "1 2"];
  const fromText = words.map((s) => ({ f: "++", a: [s, 0], w: special(Number(s) + 0) }));
  return [...of("round", Math.round), ...of("floor", Math.floor), ...of("ceil", Math.ceil), ...of("abs", Math.abs), ...trunc, ...format, ...lists,
    ...toText, ...fromText];
}

export default () => ({ operator: operators(), relation: relations(), number: functions() });
