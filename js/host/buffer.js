// The part of Node's Buffer that functions use, over Uint8Array. Texts of one character a
// byte carry bytes to the program and back.
(function (host, hidden) {
	'use strict';

	const unlatin = text => {
		const bytes = new Uint8Array(text.length);
		for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
		return bytes;
	};

	const latin = bytes => {
		let text = '';
		for (let i = 0; i < bytes.length; i += 4096) {
			text += String.fromCharCode(...bytes.subarray(i, i + 4096));
		}
		return text;
	};

	const wrap = bytes => new Buffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);

	const name = encoding => encoding === undefined || encoding === null ? 'utf8' : String(encoding).toLowerCase();

	function checked(answer) {
		if (answer[0] === '!') throw new TypeError(answer.slice(1));
		return answer.slice(1);
	}

	class Buffer extends Uint8Array {
		static from(source, second, length) {
			if (typeof source === 'string') return wrap(unlatin(checked(host('bytes', source, name(second)))));
			if (source instanceof ArrayBuffer) return new Buffer(source, second, length);
			if (source && source.type === 'Buffer' && Array.isArray(source.data)) source = source.data;
			if (source === null || typeof source !== 'object') {
				throw new TypeError('Buffer.from needs a text, an array or a buffer');
			}
			return wrap(Uint8Array.from(source, n => n & 255));
		}

		static alloc(size, fill, encoding) {
			const made = new Buffer(size);
			return fill === undefined ? made : made.fill(fill, 0, size, encoding);
		}

		static allocUnsafe(size) { return new Buffer(size); }
		static isBuffer(v) { return v instanceof Buffer; }

		static isEncoding(encoding) { return host('bytes', '', name(encoding))[0] === '='; }

		static byteLength(source, encoding) {
			return typeof source === 'string' ? Buffer.from(source, encoding).length : source.byteLength;
		}

		static concat(list, total) {
			if (total === undefined) total = list.reduce((sum, part) => sum + part.length, 0);
			const made = new Buffer(total);
			let at = 0;
			for (const part of list) {
				if (at >= total) break;
				made.set(part.subarray(0, total - at), at);
				at += part.length;
			}
			return made;
		}

		static compare(a, b) {
			for (let i = 0; i < a.length && i < b.length; i++) {
				if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
			}
			return Math.sign(a.length - b.length);
		}

		toString(encoding, start = 0, end = this.length) {
			return checked(host('text', latin(this.subarray(start, end)), name(encoding)));
		}

		toJSON() { return { type: 'Buffer', data: Array.from(this) }; }
		toLocaleString(encoding) { return this.toString(encoding); }
		equals(other) { return Buffer.compare(this, other) === 0; }
		compare(other) { return Buffer.compare(this, other); }
		slice(start, end) { return this.subarray(start, end); } // Node: shared, not copied
		readUInt8(offset = 0) { return this[offset]; }
		readUInt16BE(offset = 0) { return this[offset] << 8 | this[offset + 1]; }
		readUInt32BE(offset = 0) { return (this.readUInt16BE(offset) * 0x10000) + this.readUInt16BE(offset + 2); }

		write(text, offset = 0) {
			const bytes = Buffer.from(text).subarray(0, this.length - offset);
			this.set(bytes, offset);
			return bytes.length;
		}

		copy(target, at = 0, start = 0, end = this.length) {
			const part = this.subarray(start, Math.min(end, start + target.length - at));
			target.set(part, at);
			return part.length;
		}

		fill(v, start = 0, end = this.length, encoding) {
			if (typeof v !== 'string') return super.fill(v, start, end);
			const bytes = Buffer.from(v, encoding);
			for (let i = start; i < end && bytes.length > 0; i++) this[i] = bytes[(i - start) % bytes.length];
			return this;
		}

		indexOf(v, from = 0) { return this.search(v, from); }
		includes(v, from = 0) { return this.search(v, from) >= 0; }

		search(v, from) {
			if (typeof v === 'number') return super.indexOf(v, from);
			return latin(this).indexOf(latin(typeof v === 'string' ? Buffer.from(v) : v), from);
		}
	}
	hidden(Buffer.prototype, 'constructor', Buffer);

	// HTML Standard 8.3: one character a byte, blanks of ASCII are skipped.
	function atob(text) {
		text = String(text).replace(/[\t\n\f\r ]+/g, '');
		if (text.length % 4 === 0) text = text.replace(/==?$/, '');
		if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) throw new Error('The string to be decoded is not correctly encoded.');
		return latin(Buffer.from(text, 'base64'));
	}

	function btoa(text) {
		text = String(text);
		if (/[^\0-\xff]/.test(text)) throw new Error('Invalid character');
		return unlatin(text).toBase64();
	}

	return { Buffer, atob, btoa };
})
