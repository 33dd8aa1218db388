// structuredClone of the HTML Standard (2.7.10), without a list of what to transfer.
(function () {
	'use strict';

	function structuredClone(v) {
		const seen = new Map();

		function copy(v) {
			if (typeof v === 'function' || typeof v === 'symbol') {
				throw new TypeError(String(v) + ' could not be cloned.');
			}
			if (typeof v !== 'object' || v === null) return v;
			if (seen.has(v)) return seen.get(v);
			const made = shell(v);
			seen.set(v, made);
			if (v instanceof Map) for (const [key, item] of v) made.set(copy(key), copy(item));
			else if (v instanceof Set) for (const item of v) made.add(copy(item));
			else if (made !== null && isPlain(v)) for (const key of Object.keys(v)) made[key] = copy(v[key]);
			return made;
		}

		return copy(v);
	}

	const isPlain = v => !(v instanceof Date || v instanceof RegExp || v instanceof ArrayBuffer || ArrayBuffer.isView(v) || v instanceof Error);

	// shell is the copy before its members; wrappers and errors are complete with it.
	function shell(v) {
		if (Array.isArray(v)) return new Array(v.length);
		if (v instanceof Date) return new Date(v.getTime());
		if (v instanceof RegExp) return new RegExp(v.source, v.flags);
		if (v instanceof Map) return new Map();
		if (v instanceof Set) return new Set();
		if (v instanceof ArrayBuffer) return v.slice(0);
		if (v instanceof Uint8Array) return Uint8Array.from(v);
		if (ArrayBuffer.isView(v)) return new v.constructor(v);
		if (v instanceof Error) return Object.assign(new (globalThis[v.name] || Error)(v.message), { stack: v.stack });
		return {};
	}

	return { structuredClone };
})
