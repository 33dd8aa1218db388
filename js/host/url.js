// URL and URLSearchParams of the URL Standard. The program takes an address apart.
(function (host) {
	'use strict';

	const escaped = { '!': '%21', "'": '%27', '(': '%28', ')': '%29', '~': '%7E', '%20': '+' };
	const encode = text => encodeURIComponent(text.toWellFormed()).replace(/[!'()~]|%20/g, c => escaped[c]);
	const decode = text => Buffer.from(text.replace(/\+/g, ' ').replace(/%([0-9a-fA-F]{2})|[^\0-\x7f]+/g, (all, hex) =>
		hex ? String.fromCharCode(parseInt(hex, 16)) : Buffer.from(all).toString('latin1')), 'latin1').toString();

	function pairs(init) {
		if (init === undefined || init === null) return [];
		if (typeof init === 'object') {
			const list = typeof init[Symbol.iterator] === 'function' ? Array.from(init) : Object.entries(init);
			return list.map(([name, value]) => [String(name), String(value)]);
		}
		return String(init).replace(/^\?/, '').split('&').filter(part => part !== '').map(part => {
			const at = part.indexOf('=');
			return at < 0 ? [decode(part), ''] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
		});
	}

	class URLSearchParams {
		#list;
		#changed; // tells the URL that the parameters belong to

		constructor(init, changed = () => {}) {
			this.#list = pairs(init);
			this.#changed = typeof changed === 'function' ? changed : () => {};
		}

		get size() { return this.#list.length; }
		get(name) { return this.#list.find(pair => pair[0] === String(name))?.[1] ?? null; }
		getAll(name) { return this.#list.filter(pair => pair[0] === String(name)).map(pair => pair[1]); }
		has(name) { return this.#list.some(pair => pair[0] === String(name)); }

		append(name, value) {
			this.#list.push([String(name), String(value)]);
			this.#changed(this.toString());
		}

		set(name, value) {
			const first = this.#list.find(pair => pair[0] === String(name));
			if (first === undefined) return this.append(name, value);
			first[1] = String(value);
			this.#list = this.#list.filter(pair => pair === first || pair[0] !== first[0]);
			this.#changed(this.toString());
		}

		delete(name) {
			this.#list = this.#list.filter(pair => pair[0] !== String(name));
			this.#changed(this.toString());
		}

		sort() {
			this.#list.sort((a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
			this.#changed(this.toString());
		}

		forEach(visit, self) { for (const [name, value] of this) visit.call(self, value, name, this); }
		*entries() { for (const [name, value] of this.#list) yield [name, value]; }
		*keys() { for (const pair of this.#list) yield pair[0]; }
		*values() { for (const pair of this.#list) yield pair[1]; }
		[Symbol.iterator]() { return this.entries(); }
		toString() { return this.#list.map(([name, value]) => encode(name) + '=' + encode(value)).join('&'); }
	}

	const prefixed = (prefix, text) => text === '' || text === prefix ? '' : text.startsWith(prefix) ? text : prefix + text;

	class URL {
		#parts;
		#params;

		constructor(address, base) {
			this.#read(String(address), base === undefined ? '' : String(base));
		}

		#read(address, base) {
			const answer = host('url', address, base);
			if (answer === '') {
				const wrong = new TypeError('Invalid URL');
				wrong.code = 'ERR_INVALID_URL';
				wrong.input = address;
				throw wrong;
			}
			this.#parts = JSON.parse(answer);
			this.#params = new URLSearchParams(this.#parts.search, text => { this.#parts.search = prefixed('?', text); });
		}

		#change(part, text) {
			const before = this.#parts;
			this.#parts = { ...before, [part]: text };
			try {
				this.#read(this.href, '');
			} catch (e) {
				this.#parts = before; // URL Standard: a part that does not fit is ignored
			}
		}

		static canParse(address, base) { return host('url', String(address), base === undefined ? '' : String(base)) !== ''; }

		get protocol() { return this.#parts.protocol; }
		set protocol(v) { this.#change('protocol', String(v).replace(/:?$/, ':')); }
		get username() { return this.#parts.username; }
		set username(v) { this.#change('username', encodeURIComponent(v)); }
		get password() { return this.#parts.password; }
		set password(v) { this.#change('password', encodeURIComponent(v)); }
		get hostname() { return this.#parts.hostname; }
		set hostname(v) { this.#change('hostname', String(v)); }
		get port() { return this.#parts.port; }
		set port(v) { this.#change('port', String(v)); }
		get pathname() { return this.#parts.pathname; }
		set pathname(v) { this.#change('pathname', prefixed('/', String(v).replace(/[?#]/g, encodeURIComponent)) || '/'); }
		get search() { return this.#parts.search; }
		set search(v) { this.#change('search', prefixed('?', String(v).replace(/#/g, '%23'))); }
		get hash() { return this.#parts.hash; }
		set hash(v) { this.#change('hash', prefixed('#', String(v))); }
		get host() { return this.hostname + prefixed(':', this.port); }

		set host(v) {
			const [, name, port] = /^(.*?)(?::(\d*))?$/.exec(String(v));
			this.hostname = name;
			if (port !== undefined) this.port = port;
		}

		get origin() { return this.#parts.slashes ? this.protocol + '//' + this.host : 'null'; }
		get searchParams() { return this.#params; }

		get href() {
			const p = this.#parts;
			const user = p.username + prefixed(':', p.password);
			return p.protocol + (p.slashes ? '//' + (user && user + '@') + this.host : '') + p.pathname + p.search + p.hash;
		}

		set href(v) { this.#read(String(v), ''); }
		toString() { return this.href; }
		toJSON() { return this.href; }
	}

	return { URL, URLSearchParams };
})
