package site

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"path"
	"strings"
)

//go:embed assets/site.css assets/seal.svg assets/filter.js
var assetFiles embed.FS

// asset is an embedded file whose published name carries the hash of its bytes,
// so that a browser may keep it for ever.
type asset struct {
	name    string // assets/site-0123456789ab.css
	content []byte
}

func loadAsset(name string) asset {
	content, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // embedded above: cannot fail in a binary that built
	}
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
	return asset{name: "assets/" + hashed, content: content}
}

func (s *Site) assets() []asset { return []asset{s.style, s.seal, s.filter} }
