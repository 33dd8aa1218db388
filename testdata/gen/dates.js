// Cases of the date functions, computed by Moment.

import moment from "moment-timezone";
import { integer, pick, times } from "./random.js";

const zones = ["UTC", "Europe/Prague", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland",
  "America/St_Johns", "Asia/Kathmandu", "America/Sao_Paulo", "Asia/Tokyo"];

// The instants around which clocks change, and other edges.
const edges = ["2021-03-28T00:30:00Z", "2021-03-28T01:00:00Z", "2021-03-28T01:30:00Z", "2021-10-31T00:30:00Z", "2021-10-31T01:30:00Z",
  "2021-03-14T06:59:59.999Z", "2021-03-14T07:00:00Z", "2021-11-07T05:30:00Z", "2021-11-07T06:30:00Z", "2021-04-03T15:10:00Z",
  "2021-10-02T15:40:00Z", "2020-02-29T12:00:00Z", "2019-12-30T00:00:00Z", "2020-12-31T23:59:59.999Z", "2021-01-01T00:00:00Z",
  "2021-01-03T10:00:00Z", "2015-12-31T12:00:00Z", "1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2000-01-01T00:00:00.001Z",
  "2016-01-31T10:11:12.013Z", "2037-12-31T23:59:59Z", "2018-06-27T11:36:39.138Z", "2022-05-01T12:00:00Z"].map((s) => Date.parse(s));

const instant = () => (integer(0, 2) ? integer(0, 2145916800000) : pick(edges) + integer(0, 1) * integer(-7200000, 7200000));
const date = (ms) => ({ $date: new Date(ms).toISOString() });

const tokens = ("YYYY YY Y Q Qo M Mo MM MMM MMMM D Do DD DDD DDDo DDDD d do dd ddd dddd e E w wo ww W Wo WW gg gggg GG GGGG H HH h hh k kk" +
  " A a m mm s ss S SS SSS SSSS SSSSS SSSSSS SSSSSSS SSSSSSSS SSSSSSSSS Z ZZ X x L LL LLL LLLL LT LTS l ll lll llll hmm Hmm hmmss Hmmss").split(" ");
const formats = ["YYYY-MM-DDTHH:mm:ss.SSSZ", "[it is] dddd [the] Do", "YYYYMMDD", "HHmmss", "D.M.YYYY H:mm", "[a]b]c", "\\M M", "YYYY [W]WW-E",
  "dddd, MMMM Do YYYY, h:mm:ss a", "MMDDYY", "DDDDYYYY", "[", "]", "[]", "YYYY年M月D日", "yy uu", "HH [h] mm", "Hmm", "h:mm A z"];

function format() {
  const all = [];
  const add = (ms, format, zone) => all.push({ f: "formatDate", a: [date(ms), format, zone], w: moment.tz(ms, zone).format(format) });
  for (const token of tokens) for (let i = 0; i < 6; i++) add(instant(), token, pick(zones));
  for (const f of formats) for (let i = 0; i < 6; i++) add(instant(), f, f.endsWith("z") ? pick(zones.slice(0, 3)) : pick(zones));
  for (const ms of edges) for (const zone of zones) add(ms, "YYYY-MM-DDTHH:mm:ssZ ww gggg WW GGGG", zone);
  return all;
}

// Moment parses what it has written, and texts that fit a format badly.
const parseFormats = ["YYYY-MM-DD", "YYYY-MM-DDTHH:mm:ss.SSSZ", "YYYY-MM-DD HH:mm", "MM/DD/YYYY", "DD.MM.YYYY HH:mm:ss", "D.M.YY", "MMM D, YYYY",
  "MMMM Do YYYY", "dddd, MMMM D, YYYY h:mm A", "ddd D MMM YYYY", "YYYY DDDD", "DDD YYYY", "X", "x", "GGGG-[W]WW-E", "gggg ww e", "gggg ww d",
  "YYYY-MM-DD hh:mm:ss a", "YYYY-MM-DD kk:mm", "HH:mm", "MM-DD", "MMM", "YYYY", "YYYYMMDD", "YYYYMMDDTHHmmss", "YYYY-MM-DDTHH:mmZZ", "Q YYYY",
  "SSS", "YYYY-MM-DD HH:mm:ss.SSSSSS", "h:mm A", "YYYY-MM-DD [at] HH:mm", "L LT", "LLLL", "Hmm", "Hmmss", "E", "dddd", "Y", "YY"];
const texts = ["2016-12-28", "12/28/2016", "28.12.2016 04:03", "2016-12-28 16:03:06", "Dec 28, 2016", "28 December 2016", "Wednesday", "december", "foo",
  "", "2016", "16", "2016-02-30", "2016-13-01", "25:61", "12:30", "12 am", "0:15 pm", "2016-12-28T16:03:06+02:00", "2016-12-28T16:03:06Z",
  "1482940986", "1482940986.123", "1482940986123", "20161228", "20161228T160306", "Sat Dec 28 2016", "2016-W52-3", "  2016-12-28  ",
  "on 2016-12-28 at 16:03", "2016/12/28", "2016-1-2", "1-2-2016", "31.12.99", "1st Jan 2020", "24:00", "2016-12-28 24:00:00", "366 2015", "366 2016",
  "4", "1", "2021-03-28 02:30", "2021-10-31 02:30", "2021-03-14 02:30", "2021-11-07 01:30", "-5", "16:03:06.123456", "930", "1530"];

function parse() {
  const all = [];
  const add = (text, format, zone) => {
    const m = moment.tz(text, format, zone);
    all.push({ f: "parseDate", a: [text, format, zone], w: m.isValid() ? date(m.valueOf()) : { $error: true } });
  };
  for (const f of parseFormats) {
    times(6, () => {
      const zone = pick(zones);
      add(moment.tz(instant(), zone).format(f), f, zone);
    });
    times(8, () => add(pick(texts.filter((t) => t !== "")), f, pick(zones)));
  }
  for (const text of ["2021-03-28 02:30", "2021-10-31 02:30", "2021-03-14 02:30", "2021-11-07 01:30", "2021-10-03 02:15", "2021-04-04 01:45"])
    for (const zone of zones) add(text, "YYYY-MM-DD HH:mm", zone);
  return all;
}

const names = { second: "setSecond", minute: "setMinute", hour: "setHour", date: "setDate", day: "setDay", month: "setMonth", year: "setYear" };

function move() {
  const all = [];
  const push = (f, ms, n, zone, m) => all.push({ f, a: [date(ms), n], z: zone, w: date(m.valueOf()) });
  for (const unit of ["Seconds", "Minutes", "Hours", "Days", "Months", "Years"])
    times(45, (i) => {
      const [ms, zone] = [i % 3 ? instant() : pick(edges), pick(zones)];
      const n = pick([1, -1, 0, integer(-50, 50), integer(-5, 5), integer(-5, 5) + 0.5, 1.4, -0.6]);
      push("add" + unit, ms, n, zone, moment.tz(ms, zone).add(n, unit.toLowerCase()));
    });
  for (const unit of Object.keys(names))
    times(40, (i) => {
      const [ms, zone] = [i % 3 ? instant() : pick(edges), pick(zones)];
      const n = unit === "year" ? integer(1970, 2037) : integer(-5, 70);
      const shifted = unit === "day" || unit === "month" ? n - 1 : n;
      push(names[unit], ms, n, zone, moment.tz(ms, zone).set(unit, shifted));
    });
  // Into hours that are skipped, and into those that come twice.
  const local = ["2021-03-28 02:30", "2021-10-31 02:30", "2021-03-14 02:30", "2021-11-07 01:30", "2021-10-03 02:15", "2021-04-04 01:45", "2021-09-26 02:30"];
  for (const text of local)
    for (const zone of ["Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland"]) {
      const there = moment.tz(text, "YYYY-MM-DD HH:mm", zone);
      for (const [f, n, unit] of [["addDays", 1, "days"], ["addMonths", 1, "months"], ["addDays", -1, "days"], ["addYears", 1, "years"]]) {
        const before = there.clone().subtract(n, unit).valueOf();
        push(f, before, n, zone, moment.tz(before, zone).add(n, unit));
      }
      for (const n of [0, 1, 2, 3, 26]) push("setHour", there.valueOf(), n, zone, there.clone().set("hour", n));
      for (const n of [0, 59, 61, -31]) push("setMinute", there.valueOf(), n, zone, there.clone().set("minute", n));
      push("setSecond", there.valueOf(), 3601, zone, there.clone().set("second", 3601));
    }
  return all;
}

export const now = Date.parse("2024-02-29T12:00:00Z");

export default function dates() {
  moment.now = () => now;
  return { formatDate: format(), parseDate: parse(), moveDate: move() };
}
