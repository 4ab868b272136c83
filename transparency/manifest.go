package transparency

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Manifest says what a release is made of. Its bytes are canonical JSON; the
// signature beside it is a signed note over their SHA-256.
type Manifest struct {
	Format      string    `json:"format"`
	Origin      string    `json:"origin"`
	DataNotice  string    `json:"dataNotice"`
	Demo        bool      `json:"demo"`
	Round       string    `json:"round"`
	Release     int       `json:"release"`
	Kind        string    `json:"kind"`
	PublishedAt time.Time `json:"publishedAt"`
	// Engine is the version of the arithmetic, domain.EngineVersion.
	Engine string `json:"engine"`
	// Standard, Guide and Calendar are data that the round adopted; Guide has no
	// name where there is none.
	Standard Adopted `json:"standard"`
	Guide    Adopted `json:"guide"`
	Calendar Adopted `json:"calendar"`
	// LogSize is how many events the results rest on; TreeSize is the first size
	// of the log that holds the release itself, RootHash the tree's root there.
	LogSize  int64 `json:"logSize"`
	TreeSize int64 `json:"treeSize"`
	RootHash Hash  `json:"rootHash"`
	// Previous is the SHA-256 of the round's previous manifest in lower-case hex;
	// "" for the first.
	Previous string `json:"previous"`
	// Files lists every file of the release but the manifest and its signature, in
	// the order of their paths' bytes.
	Files []FileDigest `json:"files"`
}

// Adopted names data by their hash.
type Adopted struct {
	ID     string `json:"id"`
	SHA256 string `json:"sha256"` // lower-case hex, of the canonical bytes
}

// FileDigest is one file of a release.
type FileDigest struct {
	Path   string `json:"path"` // from the release's folder, with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // lower-case hex
}

// Where a release keeps what proves it, from its folder.
const (
	ManifestFile   = "manifest.json"
	SignatureFile  = "manifest.txt"
	ProofFolder    = "proof"
	CheckpointFile = ProofFolder + "/checkpoint.txt" // of TreeSize, signed by the log's key
	RoundFile      = ProofFolder + "/round.json"
	RegistryFile   = ProofFolder + "/registry.json"
)

// BundleFile is where a center's or a district's bundle lies in its release.
func BundleFile(kind BundleKind, subject string) string {
	switch kind {
	case CenterBundle:
		return ProofFolder + "/centers/" + subject + ".json"
	case DistrictBundle:
		return ProofFolder + "/districts/" + subject + ".json"
	case RoundBundle:
		return RoundFile
	}
	return RegistryFile
}

// Where the log lies, from the site's root.
const (
	LogFolder     = "log"
	LogCheckpoint = LogFolder + "/checkpoint"
	LogKeys       = LogFolder + "/keys.json"
	SealFolder    = LogFolder + "/seals"
	WellKnown     = ".well-known/mingjian.json"
)

// ManifestDigest is how a manifest is named: the SHA-256 of its bytes in
// lower-case hex.
func ManifestDigest(manifest []byte) string {
	sum := sha256.Sum256(manifest)
	return hex.EncodeToString(sum[:])
}

// manifestText is what is signed of a manifest. Its first line cannot be an
// origin, so that it is never taken for a checkpoint.
func manifestText(origin, round string, release int, digest string) string {
	return fmt.Sprintf("%s\n%s\n%s %d\n%s\n", ManifestFormat, origin, round, release, digest)
}

// SignManifest gives the signature file of a manifest.
func SignManifest(origin, round string, release int, digest string, signer note.Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: manifestText(origin, round, release, digest)}, signer)
}

// SignedManifest is what a signature file says, once its signature holds.
type SignedManifest struct {
	Origin  string
	Round   string
	Release int
	Digest  string
	// Key is the key hash of the signature that holds.
	Key uint32
}

// OpenManifestSignature checks a signature file.
func OpenManifestSignature(signature []byte, known note.Verifiers) (SignedManifest, error) {
	n, err := note.Open(signature, known)
	if err != nil {
		return SignedManifest{}, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 5 || lines[0] != ManifestFormat || lines[4] != "" {
		return SignedManifest{}, fmt.Errorf("signature of a manifest: %w", ErrFormat)
	}
	round, number, _ := strings.Cut(lines[2], " ")
	release, err := strconv.Atoi(number)
	if err != nil || manifestText(lines[1], round, release, lines[3]) != n.Text {
		return SignedManifest{}, fmt.Errorf("signature of a manifest: %w", ErrFormat)
	}
	return SignedManifest{Origin: lines[1], Round: round, Release: release, Digest: lines[3], Key: n.Sigs[0].Hash}, nil
}
