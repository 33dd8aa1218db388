// Computes the cases of the differential test of package iml and writes them to the file
// that is named on the command line: one case on a line.

import { writeFileSync } from "node:fs";
import dates, { now } from "./dates.js";
import numbers from "./numbers.js";
import texts from "./texts.js";

const groups = { ...dates(), ...numbers(), ...texts() };
const lines = Object.entries(groups).flatMap(([g, cases]) => [...new Set(cases.map((c) => JSON.stringify({ g, ...c })))]);
writeFileSync(process.argv[2], `{"now":${JSON.stringify(new Date(now))},"cases":[\n${lines.join(",\n")}\n]}\n`);
console.log(`${lines.length} cases`);
