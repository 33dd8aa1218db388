// it, describe and assert of test files (components.md 11.1).
(function (host, describe, hidden) {
	'use strict';

	// ------------------------------------------------------------ blocks

	let groups = [];

	function it(name, body) {
		host('begin', [...groups, String(name)].join(' › '));
		try {
			if (typeof body !== 'function') throw new TypeError('it needs a function');
			const result = body();
			if (result instanceof Promise) throw new TypeError('tests are synchronous: this one returned a promise');
			host('end', '');
		} catch (e) {
			host('end', describe(e));
		}
	}

	function group(name, body) {
		groups = [...groups, String(name)];
		try {
			body();
		} finally {
			groups = groups.slice(0, -1);
		}
	}

	// ------------------------------------------------------------ assert

	function show(v, indent = '', seen = []) {
		if (typeof v === 'string') return JSON.stringify(v);
		if (typeof v === 'bigint') return v + 'n';
		if (Object.is(v, -0)) return '-0';
		if (typeof v === 'function') return '[Function ' + v.name + ']';
		if (typeof v !== 'object' || v === null) return String(v);
		if (v instanceof Date) return isNaN(v) ? 'Invalid Date' : v.toISOString();
		if (v instanceof RegExp) return String(v);
		if (v instanceof Error) return v.name + ': ' + v.message;
		if (seen.includes(v)) return '[Circular]';
		const inner = indent + '  ', above = [...seen, v];
		const lines = parts(v).map(([key, item]) => inner + key + show(item, inner, above));
		const [open, close] = Array.isArray(v) ? '[]' : '{}';
		return label(v) + (lines.length === 0 ? open + close : open + '\n' + lines.join(',\n') + '\n' + indent + close);
	}

	const label = v => {
		const name = Object.getPrototypeOf(v)?.constructor?.name ?? '';
		return name === 'Object' || name === 'Array' || name === '' ? '' : name + ' ';
	};

	function parts(v) {
		if (v instanceof Map) return [...v].map(([key, item]) => [show(key) + ' => ', item]);
		if (v instanceof Set) return [...v].map(item => ['', item]);
		if (Array.isArray(v) || ArrayBuffer.isView(v)) return Array.from(v, item => ['', item]);
		return Object.keys(v).map(key => [(/^[\w$]+$/.test(key) ? key : JSON.stringify(key)) + ': ', v[key]]);
	}

	// difference shows two values line by line: + stands before what was got and not wanted.
	function difference(actual, expected) {
		const a = show(actual).split('\n'), b = show(expected).split('\n');
		if (a.length * b.length > 250000) return '+ ' + a.length + ' lines\n- ' + b.length + ' lines';
		const common = a.map(() => new Uint32Array(b.length + 1));
		common.push(new Uint32Array(b.length + 1));
		for (let i = a.length - 1; i >= 0; i--) {
			for (let j = b.length - 1; j >= 0; j--) {
				common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
			}
		}
		const lines = [];
		let i = 0, j = 0;
		while (i < a.length || j < b.length) {
			if (i < a.length && j < b.length && a[i] === b[j]) {
				lines.push('  ' + a[i++]);
				j++;
			} else if (j >= b.length || i < a.length && common[i + 1][j] >= common[i][j + 1]) lines.push('+ ' + a[i++]);
			else lines.push('- ' + b[j++]);
		}
		return lines.join('\n');
	}

	class AssertionError extends Error {
		constructor({ message, actual, expected, operator } = {}) {
			super(message);
			Object.assign(this, { actual, expected, operator, code: 'ERR_ASSERTION', generatedMessage: false });
		}
		get name() { return 'AssertionError'; }
	}

	// refuse fails with the message of the test, if it has one, or with our own.
	function refuse(message, own, actual, expected, operator) {
		if (message instanceof Error) throw message;
		throw new AssertionError({ message: message === undefined ? own : String(message), actual, expected, operator });
	}

	const wanted = (actual, expected) => 'got + and wanted -\n' + difference(actual, expected);

	// alike compares deeply; strict is Object.is and the same prototypes.
	function alike(a, b, strict, seen) {
		if (strict ? Object.is(a, b) : a == b || a !== a && b !== b) return true;
		if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
		if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
		if (Array.isArray(a) !== Array.isArray(b) || Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false;
		if (seen.some(pair => pair[0] === a && pair[1] === b)) return true;
		const below = [...seen, [a, b]];
		if (a instanceof Date) {
			if (!Object.is(a.getTime(), b.getTime())) return false;
		} else if (a instanceof RegExp) {
			if (String(a) !== String(b)) return false;
		} else if (a instanceof Error) {
			if (a.name !== b.name || a.message !== b.message) return false;
		} else if (a instanceof Number || a instanceof String || a instanceof Boolean) {
			if (!Object.is(a.valueOf(), b.valueOf())) return false;
		} else if (a instanceof Map || a instanceof Set) {
			if (!alikeEntries(a, b, strict, below)) return false;
		}
		const keys = Object.keys(a);
		return a.length === b.length && keys.length === Object.keys(b).length &&
			keys.every(key => Object.hasOwn(b, key) && alike(a[key], b[key], strict, below));
	}

	function alikeEntries(a, b, strict, seen) {
		const rest = [...b];
		return a.size === b.size && [...a].every(item => {
			const at = rest.findIndex(other => alike(item, other, strict, seen));
			if (at >= 0) rest.splice(at, 1);
			return at >= 0;
		});
	}

	function ok(v, message) {
		if (!v) refuse(message, 'got ' + show(v) + ', wanted something that counts as true', v, true, '==');
	}

	const assert = (v, message) => ok(v, message);

	// compare makes an assertion from a comparison that has to hold, or not to hold.
	const compare = (operator, holds, want) => (actual, expected, message) => {
		if (holds(actual, expected) === want) return;
		refuse(message, want ? wanted(actual, expected) : 'got what was not wanted: ' + show(actual), actual, expected, operator);
	};
	const equal = (a, b) => a == b || a !== a && b !== b;
	const loosely = (a, b) => alike(a, b, false, []), strictly = (a, b) => alike(a, b, true, []);

	// fits reports whether an error is what throws was told to expect: a class, a pattern, a
	// function or an object whose members it has.
	function fits(e, expected) {
		if (expected === undefined || typeof expected === 'string') return true;
		if (expected instanceof RegExp) return expected.test(String(e));
		if (typeof expected !== 'function') {
			return Object.keys(expected).every(key => expected[key] instanceof RegExp && typeof e[key] === 'string' ?
				expected[key].test(e[key]) : alike(e[key], expected[key], true, []));
		}
		if (expected.prototype !== undefined && e instanceof expected) return true;
		return !Error.isPrototypeOf(expected) && expected !== Error && expected.call({}, e) === true;
	}

	function throws(body, expected, message) {
		let thrown;
		try {
			body();
		} catch (e) {
			thrown = { e };
		}
		if (typeof expected === 'string') message = expected;
		if (thrown === undefined) refuse(message, 'nothing was thrown', undefined, expected, 'throws');
		if (!fits(thrown.e, expected)) refuse(message, 'another error was thrown: ' + String(thrown.e), thrown.e, expected, 'throws');
	}

	function doesNotThrow(body, expected, message) {
		try {
			body();
		} catch (e) {
			if (typeof expected === 'string') message = expected;
			refuse(message, 'thrown: ' + String(e), e, expected, 'doesNotThrow');
		}
	}

	Object.assign(assert, {
		ok, throws, doesNotThrow, AssertionError,
		equal: compare('==', equal, true),
		notEqual: compare('!=', equal, false),
		strictEqual: compare('strictEqual', Object.is, true),
		notStrictEqual: compare('notStrictEqual', Object.is, false),
		deepEqual: compare('deepEqual', loosely, true),
		notDeepEqual: compare('notDeepEqual', loosely, false),
		deepStrictEqual: compare('deepStrictEqual', strictly, true),
		notDeepStrictEqual: compare('notDeepStrictEqual', strictly, false),
		match: compare('match', (text, pattern) => typeof text === 'string' && pattern.test(text), true),
		doesNotMatch: compare('doesNotMatch', (text, pattern) => typeof text === 'string' && pattern.test(text), false),
		fail(message = 'Failed') { refuse(message, 'Failed', undefined, undefined, 'fail'); },
		ifError(v) { if (v !== null && v !== undefined) refuse(undefined, 'got ' + show(v), v, null, 'ifError'); },
	});
	assert.strict = Object.assign((v, message) => ok(v, message), assert, {
		equal: assert.strictEqual, notEqual: assert.notStrictEqual,
		deepEqual: assert.deepStrictEqual, notDeepEqual: assert.notDeepStrictEqual,
	});

	return { it, describe: group, assert };
})
