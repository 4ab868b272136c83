package api

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/graphql-go/graphql/language/ast"

	"mingjian/domain/rights"
	"mingjian/projections"
)

// internalFields and publicFields say of each root field of a schema's Query
// whether its answer follows from the question, the viewer and the read model
// alone, and so may be kept. Others are asked anew each time, and so is what
// stands in neither; a test wants every field here.
var (
	internalFields = map[string]bool{
		"appeal":           true,
		"appealStatistics": true,
		"appeals":          true,
		"assessment":       true,
		"assessmentDiff":   true,
		"center":           true,
		"centers":          true,
		"criteria":         true,
		"districtRanking":  true,
		"districts":        true,
		"head":             true,
		"honorClaims":      true,
		"ranking":          true,
		"rankingDiff":      true,
		"round":            true,
		"roundProgress":    true,
		"rounds":           true,
		"standing":         true,
		"tasks":            true,

		"events":   false, // a look is put on record
		"awaiting": false, // the day counts too
		"accounts": false, // read from the log, which may be ahead of the read model
		"sessions": false, // likewise
		"me":       false, // the account as the log has it now
	}
	publicFields = map[string]bool{
		"release":  true,
		"round":    true,
		"rounds":   true,
		"standard": true,
	}
)

// Each schema keeps responses of at most maxKept bytes, 64 MiB with both, so
// that the public cannot push out what the console asks for. A response over
// maxKeptOne would push out too many others; keptOverhead is what an entry
// takes beside its text.
const (
	maxKept      = 32 << 20
	maxKeptOne   = 1 << 20
	keptOverhead = 512
)

// responses keeps the answers to queries until the read model moves on. What
// cannot change until then needs no expiry. Identical questions that come at
// once are each executed: waiting for another request's answer would tie this
// one to that one's context, for work that is done once a commit.
type responses struct {
	model  *projections.Model
	fields map[string]bool
	// personal says that answers depend on who asks.
	personal bool

	mu sync.Mutex
	// moment is the channel that the read model closes when it moves on. It is
	// more exact than log and position: a rebuilt read model stands where the old
	// one stood, and may show what that one had wrong.
	moment <-chan struct{}
	known  map[question]*list.Element
	recent *list.List // of *kept, newest first
	size   int
}

// question identifies what was asked and by whom. It is a SHA-256, as two
// questions with one hash would show one viewer another's answer.
type question [sha256.Size]byte

type kept struct {
	question question
	response *response
}

func (k *kept) size() int { return len(k.response.text) + keptOverhead }

func newResponses(model *projections.Model, fields map[string]bool, personal bool) *responses {
	return &responses{model: model, fields: fields, personal: personal, known: map[question]*list.Element{}, recent: list.New()}
}

// lasts reports whether an operation's answer may be kept. Directives are not
// looked at: a field that is skipped counts too.
func (c *responses) lasts(doc *document, op *ast.OperationDefinition) bool {
	if c == nil || kind(op) != ast.OperationTypeQuery {
		return false
	}
	lasts := true
	rootFields(doc, op.SelectionSet, func(f *ast.Field) {
		name := f.Name.Value
		lasts = lasts && (c.fields[name] || strings.HasPrefix(name, "__")) // the schema is the same for all
	})
	return lasts
}

// answer is the response that is kept, or else what execute makes of the
// request. Only what has no error is kept: errors may pass, or name a line of
// our log.
func (c *responses) answer(r *request, p *prepared, execute func(*request, *prepared) *response) *response {
	asked, err := c.question(r.viewer(), p)
	if err != nil {
		return execute(r, p)
	}
	found, moment := c.find(asked)
	if found != nil {
		return found
	}
	out := execute(r, p)
	if len(out.errors) > 0 {
		return out
	}
	text, err := out.encode()
	if err != nil {
		return out // writing it fails too, and says why
	}
	sum := sha256.Sum256(text)
	// Only the text stays: the data takes many times its room.
	short := &response{executed: true, position: out.position, text: text, tag: `"` + hex.EncodeToString(sum[:16]) + `"`}
	c.keep(&kept{asked, short}, moment, r.head())
	return short
}

// question hashes all that an answer depends on, beside the read model. Of the
// viewer that is the account and all its grants: rights ask for roles, subjects
// and assignments, and which of them a document comes to ask for is not known
// beforehand. So nothing is ever shared between two accounts, nor between an
// account and the same one with a role more or less.
func (c *responses) question(viewer rights.Actor, p *prepared) (question, error) {
	if !c.personal {
		viewer = rights.Actor{}
	}
	// JSON sorts the keys of maps, so the order of variables does not matter.
	rest, err := json.Marshal([]any{p.variables, viewer})
	if err != nil {
		return question{}, fmt.Errorf("hash a question: %w", err)
	}
	hash := sha256.New()
	for _, part := range [][]byte{[]byte(p.text), []byte(p.name), rest} {
		// The length keeps the parts apart.
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		hash.Write(part)
	}
	return question(hash.Sum(nil)), nil
}

// find looks for an answer that holds now, and says what now is. Answers of
// earlier moments go.
func (c *responses) find(asked question) (*response, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Asked under the lock, moments come here in their order.
	if now := c.model.Changed(); now != c.moment {
		c.moment, c.size = now, 0
		clear(c.known)
		c.recent.Init()
	}
	element, ok := c.known[asked]
	if !ok {
		return nil, c.moment
	}
	c.recent.MoveToFront(element)
	return element.Value.(*kept).response, c.moment
}

// keep keeps an answer, unless the read model moved on while it was computed,
// or it shows a commit that readers have not been told of. The answers used
// longest ago make room.
func (c *responses) keep(k *kept, moment <-chan struct{}, shows projections.Head) {
	if len(k.response.text) > maxKeptOne {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, twice := c.known[k.question]; twice || c.moment != moment || c.model.Changed() != moment || c.model.Head() != shows {
		return
	}
	c.known[k.question] = c.recent.PushFront(k)
	for c.size += k.size(); c.size > maxKept; {
		oldest := c.recent.Remove(c.recent.Back()).(*kept)
		delete(c.known, oldest.question)
		c.size -= oldest.size()
	}
}
