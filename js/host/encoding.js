// TextEncoder and TextDecoder of the Encoding Standard, for UTF-8, UTF-16LE and Latin-1.
(function (host) {
	'use strict';

	const names = { 'utf-8': 'utf8', utf8: 'utf8', 'utf-16le': 'utf16le', 'utf-16': 'utf16le', latin1: 'latin1', 'iso-8859-1': 'latin1', ascii: 'latin1' };

	class TextEncoder {
		get encoding() { return 'utf-8'; }
		encode(text = '') { return new Uint8Array(Buffer.from(String(text))); }
	}

	class TextDecoder {
		constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
			const key = String(label).trim().toLowerCase();
			if (!Object.hasOwn(names, key)) throw new RangeError('The "' + label + '" encoding is not supported');
			this.encoding = key === 'utf8' ? 'utf-8' : key;
			this.fatal = fatal;
			this.ignoreBOM = ignoreBOM;
		}

		decode(bytes = new Uint8Array(0)) {
			const view = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
			const text = Buffer.from(view).toString(names[this.encoding]);
			if (this.fatal && names[this.encoding] === 'utf8' && !Buffer.from(text).equals(view)) {
				throw new TypeError('The encoded data was not valid for encoding utf-8');
			}
			return this.ignoreBOM || text[0] !== '\ufeff' ? text : text.slice(1);
		}
	}

	return { TextEncoder, TextDecoder };
})
