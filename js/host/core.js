// What every call sees, and the way of values over the border. It runs before the code of
// the app and keeps what it needs of the built-in objects, because that code may change
// them. Errors are of no use to the app: what throws here ends the call.
(function (hostName, codeName, mark, timezone, namesText) {
	'use strict';

	const global = globalThis;
	const host = global[hostName], code = global[codeName];
	delete global[hostName];
	delete global[codeName];

	const { parse, stringify } = JSON, { isArray } = Array;
	const { defineProperty, keys, create } = Object, { apply, ownKeys } = Reflect;
	const { Error, TypeError, Promise, Proxy, Date, Set, String } = global;
	const bytesPrototype = Uint8Array.prototype, toBase64 = bytesPrototype.toBase64, fromBase64 = Uint8Array.fromBase64;
	const then = Promise.prototype.then, has = Set.prototype.has, getTime = Date.prototype.getTime;
	const startsWith = String.prototype.startsWith;

	const hidden = (object, name, value) =>
		defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });

	// ------------------------------------------------------------ values out and in

	const marked = (letter, content) => ({ [mark + letter]: content });

	// stringify asks toJSON first, so these stand in its place while a value is written.
	const writeBytes = function () { return marked('b', apply(toBase64, this, [])); };
	const writers = [
		[Date.prototype, function () { return marked('d', apply(getTime, this, [])); }],
		[bytesPrototype, writeBytes],
		[ArrayBuffer.prototype, function () { return marked('b', apply(toBase64, new Uint8Array(this), [])); }],
		[Error.prototype, function () { return marked('e', [String(this.name), String(this.message)]); }],
	];

	const undefinedMark = marked('u', 0);

	function replacer(name, v) {
		switch (typeof v) {
		case 'string': case 'object':
			return v;
		case 'number':
			if (v - v === 0 && (v !== 0 || 1 / v > 0)) return v;
			return marked('n', v === 0 ? '-0' : String(v));
		case 'undefined': case 'function': case 'symbol':
			return undefinedMark;
		case 'bigint':
			return marked('i', String(v));
		}
		return v;
	}

	function encode(v) {
		const saved = [];
		for (let i = 0; i < writers.length; i++) {
			saved[i] = writers[i][0].toJSON;
			hidden(writers[i][0], 'toJSON', writers[i][1]);
		}
		try {
			return stringify(v, replacer);
		} finally {
			for (let i = 0; i < writers.length; i++) {
				if (saved[i] === undefined) delete writers[i][0].toJSON;
				else hidden(writers[i][0], 'toJSON', saved[i]);
			}
		}
	}

	function special(letter, content) {
		switch (letter) {
		case 'd': return new Date(content);
		case 'b': return apply(global.Buffer.from, global.Buffer, [content, 'base64']);
		case 'n': return +content;
		case 'e': return errorFactory(content[0], content[1]);
		}
	}

	function revive(v) {
		if (typeof v !== 'object' || v === null) return v;
		const names = keys(v);
		if (names.length === 1 && apply(startsWith, names[0], [mark])) {
			return special(names[0].slice(mark.length), v[names[0]]);
		}
		for (let i = 0; i < names.length; i++) v[names[i]] = revive(v[names[i]]);
		return v;
	}

	const decode = (text, marks) => marks ? revive(parse(text)) : parse(text);

	// ------------------------------------------------------------ errors

	// iml.md 10: an error of a type of the runtime, meant to be thrown.
	function errorFactory(type, message) {
		const e = new Error(message === undefined ? '' : String(message));
		if (host('type', String(type)) !== '1') throw new TypeError("unknown type of error '" + String(type) + "'");
		hidden(e, 'name', String(type));
		return e;
	}

	// describe tells the program what was thrown.
	function describe(e) {
		if (e === null || typeof e !== 'object') return stringify({ message: e === '' ? "''" : String(e) });
		const { name, message, stack } = e;
		return stringify({
			name: name === undefined ? '' : String(name),
			message: message === undefined ? String(e) : String(message),
			stack: stack === undefined ? '' : String(stack),
		});
	}

	const fail = e => { host('fail', describe(e)); };

	// ------------------------------------------------------------ iml and the functions of the app

	const functionNames = parse(namesText);
	const names = new Set(functionNames);
	const own = create(null);

	function appFunction(name) {
		if (!(name in own)) {
			own[name] = undefined; // code that asks for itself while it is loaded has not declared it
			own[name] = code('app', name);
		}
		const f = own[name];
		if (typeof f !== 'function') throw new Error(host('missing', name));
		return f;
	}

	const self = () => ({ timezone });

	// iml.md 10.1: these two are JSON's own there; pop and shift change the array in place.
	const table = create(null);
	table.parseJSON = text => parse(text);
	table.createJSON = v => stringify(v);
	table.pop = array => array.pop();
	table.shift = array => array.shift();
	table.errorFactory = errorFactory;

	function builtin(name) {
		return (...args) => {
			const answer = host('iml', name, encode(args));
			const letter = answer[0], text = answer.slice(1);
			if (letter === '=') return parse(text);
			if (letter === '*') return revive(parse(text));
			const wrong = parse(text); // type, message
			if (wrong[0] !== '') throw errorFactory(wrong[0], wrong[1]);
			throw new Error(wrong[1]);
		};
	}

	function member(name) {
		if (typeof name !== 'string') return undefined;
		if (apply(has, names, [name])) {
			return (...args) => apply(appFunction(name), self(), args);
		}
		return host('builtin', name) === '1' ? builtin(name) : undefined;
	}

	function find(name) {
		if (name in table && !apply(has, names, [name])) return table[name];
		const f = member(name);
		if (f !== undefined && !apply(has, names, [name])) table[name] = f;
		return f;
	}

	const changed = create(null); // what the app itself puts into iml, for this call
	const iml = new Proxy(changed, {
		get: (target, name) => name in target ? target[name] : find(name),
		has: (target, name) => name in target || find(name) !== undefined,
	});

	// ------------------------------------------------------------ globals

	// later defines globals whose code runs when one of them is used first.
	function later(globals, make) {
		for (let i = 0; i < globals.length; i++) {
			const name = globals[i];
			defineProperty(global, name, {
				configurable: true, enumerable: false,
				get() {
					const made = make(name);
					for (let j = 0; j < globals.length; j++) {
						if (globals[j] in made) hidden(global, globals[j], made[globals[j]]);
					}
					return made[name];
				},
				set(value) { hidden(global, name, value); },
			});
		}
	}

	const library = file => () => code('host', file)(host, hidden);
	later(['Buffer', 'atob', 'btoa'], () => {
		const made = library('buffer')();
		writers[writers.length] = [made.Buffer.prototype, writeBytes];
		return made;
	});
	later(['URL', 'URLSearchParams'], library('url'));
	later(['TextEncoder', 'TextDecoder'], library('encoding'));
	later(['structuredClone'], library('clone'));

	let hasIntl = false;
	function intl() {
		if (!hasIntl) delete global.Intl; // ours; the real one comes only where there is none
		hasIntl = true;
		host('intl');
		return { Intl: global.Intl };
	}
	later(['Intl'], intl);
	later(functionNames, name => ({ [name]: appFunction(name) }));

	// The engine's own ignore locale and zone; Intl replaces them when one is first used.
	for (const [prototype, methods] of [
		[Date.prototype, ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']],
		[Number.prototype, ['toLocaleString']],
	]) {
		for (const method of methods) {
			hidden(prototype, method, function (...args) {
				intl();
				return this[method](...args);
			});
		}
	}

	hidden(String.prototype, 'localeCompare', function (that) {
		return +host('compare', String(this).normalize('NFD'), String(that).normalize('NFD'));
	});

	const show = v => {
		if (typeof v === 'string') return v;
		if (v instanceof Error) return String(v);
		try {
			return stringify(v) || String(v);
		} catch (e) {
			return String(v);
		}
	};
	const debug = (...args) => {
		let line = '';
		for (let i = 0; i < args.length; i++) line += (i > 0 ? ' ' : '') + show(args[i]);
		host('debug', line);
	};

	hidden(global, 'iml', iml);
	hidden(global, 'debug', debug);
	hidden(global, 'console', { log: debug, info: debug, warn: debug, error: debug, debug, trace: debug });
	hidden(global, 'errorFactory', errorFactory);
	hidden(global, 'environment', { timezone });

	// ------------------------------------------------------------ the way in

	let settled = '';

	// call runs a function of the app and returns its result.
	function call(name, text, marks) {
		try {
			return apply(appFunction(name), self(), decode(text, marks));
		} catch (e) {
			fail(e);
		}
	}

	// write returns the text of a result that the program did not write itself; '' when code
	// threw, or when the result is a promise: then outcome returns it after the jobs have run.
	function write(result) {
		try {
			if (!(result instanceof Promise)) return encode(result);
			apply(then, result, [v => { settled = encode(v); }, fail]);
		} catch (e) {
			fail(e);
		}
		return '';
	}

	const outcome = () => settled;

	// test runs a test file with it, describe and assert in sight.
	function test() {
		try {
			const { it, describe: group, assert } = code('host', 'test')(host, describe, hidden);
			hidden(global, 'it', it);
			hidden(global, 'test', it);
			hidden(global, 'describe', group);
			hidden(global, 'assert', assert);
			code('test', '');
		} catch (e) {
			fail(e);
		}
	}

	return { call, write, outcome, test };
})
