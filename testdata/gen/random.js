// Random numbers that are the same at each run.

let state = 20240229;

export function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

export const integer = (from, to) => from + Math.floor(random() * (to - from + 1));
export const pick = (list) => list[integer(0, list.length - 1)];
export const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));
