// Cases of the functions of texts and of regular expressions, computed by Node.

import { createHash, createHmac } from "node:crypto";
import { integer, pick, times } from "./random.js";

const texts = ["", "a", "Hello World", "  padded\t", "\u00a0nbsp\ufeff", "straße", "ΑΣ ΟΔΟΣ", "İstanbul", "ﬁn", "ǆ", "é e\u0301", "Žluťoučký kůň", "👍 ok 👍🏽",
  "👨‍👩‍👧 family", "日本語テキスト", "שלום", "a,b, c ,,d", "line\nbreak\r\nend", "\u2028sep\u2029", "tab\tand\"quote'", "<b>bold & \"x\"</b>", "100%", "a+b=c&d",
  "ａｂｃ", "aaa", "abcabc", "x12y345", "foo.bar+baz", "CamelCaseText", "\u0000\u001f", "𝒳𝒴𝒵", "one  two   three", "$1 $& $$", "[x](y)", "\\d\\w", "kKſſ", "2016-12-28"];
const text = () => pick(texts) + (integer(0, 3) ? "" : pick(texts));
const attempt = (compute) => {
  try {
    const w = compute();
    return typeof w === "string" ? w.toWellFormed() : w;
  } catch {
    return { $error: true };
  }
};

const one = {
  length: (s) => s.length,
  upper: (s) => s.toUpperCase(),
  lower: (s) => s.toLowerCase(),
  trim: (s) => s.trim(),
  encodeURL: (s) => encodeURIComponent(s),
  base64: (s) => Buffer.from(s).toString("base64"),
  md5: (s) => createHash("md5").update(s).digest("hex"),
  escapeHTML: (s) => s.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"),
  escapeJSON: (s) => JSON.stringify(s).slice(1, -1),
};

function functions() {
  const all = Object.entries(one).flatMap(([f, compute]) => times(40, () => {
    const s = text();
    return { f, a: [s], w: attempt(() => compute(s)) };
  }));
  const more = [
    () => { const [s, a, b] = [text(), integer(-3, 12), integer(-3, 12)]; return { f: "substring", a: [s, a, b], w: attempt(() => s.substring(a, b)) }; },
    () => { const [s, a] = [text(), integer(-3, 12)]; return { f: "substring", a: [s, a], w: attempt(() => s.substring(a)) }; },
    () => { const s = text(); const [v, n] = [s.slice(integer(0, 3)).slice(0, integer(0, 3)).toWellFormed(), integer(-2, 9)]; return { f: "indexOf", a: [s, v, n], w: s.indexOf(v, n) }; },
    () => { const [s, v] = [text(), pick(["a", "👍", " ", "", "é", "b", "😀"])]; return { f: "indexOf", a: [s, v], w: s.indexOf(v) }; },
    () => { const [s, v] = [text(), pick([",", " ", "a", "  ", "👍", "."])]; return { f: "split", a: [s, v], w: s.split(v).map((x) => x.trim()).filter((x) => x !== "") }; },
    () => { const s = integer(0, 1) ? encodeURIComponent(text()) : pick(["%", "%zz", "%C3", "%C3%28", "%E2%82%AC", "a+b", "%41%zz", "%F0%9F%91%8D", "%ED%A0%80"]); return { f: "decodeURL", a: [s], w: attempt(() => decodeURIComponent(s)) }; },
    () => { const [s, h, e] = [text(), pick(["sha1", "sha256", "sha512"]), pick(["hex", "base64", "latin1"])]; return { f: h, a: [s, e], w: createHash(h).update(s).digest(e) }; },
    () => { const [s, h, k] = [text(), pick(["sha1", "sha256", "sha512"]), pick(["key", "ключ", " "])]; return { f: h, a: [s, "hex", k], w: createHmac(h, k).update(s).digest("hex") }; },
    () => { const [s, e] = [pick(["SGk=", "SGk", "S G k", "_-8", "+/8=", "!!", "S", "SGk=SGk=", "4869", "48 69", "486", "zz", "c3a9", text()]), pick(["base64", "hex", "latin1", "utf8", "binary", "ascii"])]; return { f: "toBinary", a: [s, e], w: { $buffer: Buffer.from(s, e).toString("base64") } }; },
    () => { const [s, e] = [Buffer.from(times(integer(0, 8), () => integer(0, 255))), pick(["base64", "hex", "latin1", "utf8", "ascii", "binary"])]; return { f: "toString", a: [{ $buffer: s.toString("base64") }, e], w: s.toString(e) }; },
  ];
  return [...all, ...more.flatMap((make) => times(40, make))];
}

const patterns = [["a"], ["A", "i"], ["\\d+", "g"], ["(\\d)(\\d)", "g"], ["^.", "g"], [".$", "g"], ["^", "gm"], ["$", "gm"], ["$", "g"], ["\\s+", "g"], ["\\S+", "g"],
  ["\\w+", "g"], ["\\W", "g"], ["\\b", "g"], ["\\bfoo\\b"], [".", "g"], [".", "gs"], [".", "gu"], ["[^]", "g"], ["[]", "g"], ["[a-c]+", "g"], ["[^a-c]", "g"],
  ["[\\d-x]+", "g"], ["[\\w.]+", "g"], ["[\\s\\S]", "g"], ["(a)|(b)", "g"], ["(a)?b", "g"], ["(?:a|b)+", "g"], ["a{2}", "g"], ["a{2,}", "g"], ["a{,2}", "g"], ["x{", "g"],
  ["(?=b)", "g"], ["(?!b)a", "g"], ["(?<=a)b", "g"], ["(?<!a)b", "g"], ["(.)\\1", "g"], ["\\1(a)", "g"], ["(a)\\2", "g"], ["\\0", "g"], ["\\x41"], ["\\u0041", "g"],
  ["\\u{61}", "g"], ["\\u{61}", "gu"], ["\\p{Lu}", "gu"], ["\\P{L}+", "gu"], ["\\p{Script=Hebrew}+", "gu"], ["👍", "g"], ["[👍]", "g"], ["[👍]", "gu"], ["👍+", "gu"],
  ["\\cJ", "g"], ["\\.", "g"], ["\\/", "g"], ["]", "g"], ["}", "g"], ["a.c", "g"], ["é", "gi"], ["ß", "gi"], ["[A-Z]", "gi"], ["k", "gi"], ["(", "g"], ["[", "g"], ["a**", "g"],
  ["(?<n>a)", "g"], ["a{2,1}", "g"], ["[z-a]", "g"], ["\\", "g"], ["*", "g"], ["a|", "g"], ["|a", "g"], ["a*?", "g"], ["a+?", "g"], ["(a+)+b"], ["a", "y"], ["a", "gy"],
  ["\\t|\\n|\\r", "g"], ["[\\b]", "g"], ["\\k", "g"], ["\\_", "g"], ["\\8", "g"], ["\\12", "g"], ["[\\1]", "g"], ["-", "g"], ["[a-]", "g"], ["[-a]", "g"], ["[\\w-\\d]", "g"],
  ["(?:)", "g"], ["([a-z])([A-Z])", "g"], ["(\\d{4})-(\\d\\d)-(\\d\\d)"], ["^\\s+|\\s+$", "g"], ["[^\\x00-\\x7F]", "g"], ["\\u00e9", "g"], ["#", "g"], [" ", "g"], ["a", "gg"],
  ["[^\\S\\n]+", "g"], ["(?i:a)", "g"], ["(?>a)", "g"], ["\\Aa", "g"], ["a\\z", "g"], ["[[:alpha:]]", "g"], ["[a-z-[aeiou]]", "g"], ["\\e", "g"], ["(?#c)a", "g"], ["(?:(a)|b)+", "g"], ["(a|(b))+", "g"],
  ["(a)?(?:b|c)+?", "g"], ["(?=(a+))a*b\\1", "g"], ["([ab]+)([bc]+)([cd]*)", "g"], ["\\d{4}(?:-\\d\\d){2}"], ["[^,]*", "g"], ["(?:^|,)([^,]*)", "g"], ["\\s*,\\s*", "g"]];
const replacements = ["", "-", "<$&>", "$1", "$2$1", "[$1|$2]", "$$", "$`", "$'", "$10", "$0", "$", "$x", "👍", "$01", "$<n>"];

function regexes() {
  const all = [];
  const add = (pattern, flags, s, by) => all.push({ f: "replace", a: [s, "/" + pattern + "/" + flags, by], w: attempt(() => {
    if (/\(\?<[a-z]/.test(pattern)) throw new Error("the reference excludes named groups");
    return s.replace(new RegExp(pattern, flags), by);
  }) });
  for (const [pattern, flags = ""] of patterns) times(8, () => add(pattern, flags, text(), pick(replacements)));
  // A repeated group forgets what the groups inside it found the time before.
  add("(a|(b))+", "", "xbay", "[$2]");
  add("(z)((a+)?(b+)?(c))*", "", "zaacbbbcac", "$1|$2|$3|$4|$5");
  return all;
}

function literals() {
  return times(60, () => {
    const s = text();
    const search = pick(["a", "o", " ", ".", "👍", ",", "b", "$1", "\\"]);
    const by = pick(replacements);
    return { f: "replace", a: [s, search, by], w: attempt(() => s.replaceAll(search, by)) };
  });
}

export default () => ({ text: functions(), regex: regexes(), literal: literals() });
