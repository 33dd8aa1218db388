package iml

import (
	"path"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// mediaTypes lists each media type with its extensions. The table of the machine is not
// asked: a result must not depend on what is installed.
const mediaTypes = `
application/epub+zip epub
application/gzip gz
application/java-archive jar
application/javascript js mjs
application/json json map
application/ld+json jsonld
application/manifest+json webmanifest
application/msword doc dot
application/octet-stream bin exe dll iso img dmg deb msi
application/ogg ogx
application/pdf pdf
application/pgp-signature asc sig
application/pkcs8 p8
application/postscript ps eps ai
application/rss+xml rss
application/atom+xml atom
application/rtf rtf
application/sql sql
application/toml toml
application/vnd.android.package-archive apk
application/vnd.google-earth.kml+xml kml
application/vnd.google-earth.kmz kmz
application/vnd.mozilla.xul+xml xul
application/vnd.ms-excel xls xlt
application/vnd.ms-excel.sheet.macroenabled.12 xlsm
application/vnd.ms-fontobject eot
application/vnd.ms-outlook msg
application/vnd.ms-powerpoint ppt pps pot
application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.spreadsheet ods
application/vnd.oasis.opendocument.text odt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.presentationml.slideshow ppsx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.openxmlformats-officedocument.wordprocessingml.template dotx
application/vnd.rar rar
application/vnd.visio vsd
application/wasm wasm
application/x-7z-compressed 7z
application/x-bzip2 bz2
application/x-httpd-php php
application/x-sh sh
application/x-tar tar
application/x-x509-ca-cert der crt pem
application/xhtml+xml xhtml xht
application/xml xml xsl xsd
application/zip zip
audio/aac aac
audio/flac flac
audio/midi mid midi
audio/mp4 m4a
audio/mpeg mp3 mpga mp2
audio/ogg oga ogg spx opus
audio/wav wav
audio/webm weba
audio/x-aiff aif aiff
audio/x-ms-wma wma
font/collection ttc
font/otf otf
font/ttf ttf
font/woff woff
font/woff2 woff2
image/apng apng
image/avif avif
image/bmp bmp
image/gif gif
image/heic heic
image/heif heif
image/jpeg jpg jpeg jpe
image/png png
image/svg+xml svg svgz
image/tiff tif tiff
image/vnd.adobe.photoshop psd
image/vnd.microsoft.icon ico
image/webp webp
message/rfc822 eml mime
model/gltf+json gltf
model/gltf-binary glb
text/calendar ics ifb
text/css css
text/csv csv
text/html html htm shtml
text/markdown md markdown
text/plain txt text conf log ini
text/tab-separated-values tsv
text/vcard vcard vcf
text/vtt vtt
text/yaml yaml yml
video/3gpp 3gp
video/mp2t ts
video/mp4 mp4 mp4v mpg4
video/mpeg mpeg mpg mpe
video/ogg ogv
video/quicktime mov qt
video/webm webm
video/x-flv flv
video/x-m4v m4v
video/x-matroska mkv
video/x-ms-wmv wmv
video/x-msvideo avi
`

var typeByExtension = readMediaTypes(mediaTypes)

func readMediaTypes(table string) map[string]string {
	types := map[string]string{}
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		for _, extension := range fields[min(1, len(fields)):] {
			types[extension] = fields[0]
		}
	}
	return types
}

// mimeFunction goes by the extension; a name without a dot is one itself.
func mimeFunction(_ *Env, args []value.Value) (value.Value, error) {
	name := strings.ToLower(arg(args, 0).ToText())
	extension := strings.TrimPrefix(path.Ext(name), ".")
	if extension == "" {
		extension = name
	}
	if found := typeByExtension[extension]; found != "" {
		return value.Text(found), nil
	}
	return value.Undefined, nil
}
