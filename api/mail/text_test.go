package mail

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	letters "mingjian/domain/mail"
)

// telling finds what would give a result away: a number, points, a rank, or
// how something was decided.
var telling = regexp.MustCompile(`(?i)\d|[〇零一二两三四五六七八九十百半点]+分|得分|扣分|分数|满分|总分|名次|排名|第[一二三四五六七八九十]|等级|优秀|合格|达标|支持|维持|驳回|成立|改正|更正|撤销` +
	`|\bpoints?\b|score|\brank|grade|upheld|uphold|dismiss|reject|accept|approv|correct|deduct|\b(won|lost|passed|failed)\b`)

// TestNothingIsToldOf: a letter of any kind says what kind of thing awaits, in
// Chinese and in English, and nothing of a result. Its only figures are those of
// the link.
func TestNothingIsToldOf(t *testing.T) {
	w := newWorld(t)
	if len(texts) != len(letters.Kinds()) {
		t.Errorf("%d texts for %d kinds", len(texts), len(letters.Kinds()))
	}
	for i, kind := range letters.Kinds() {
		l := w.letter()
		l.Kind = kind
		must(t, w.server(nil).Deliver(w.ctx, l))
		m := parse(t, w.inbox.letters()[i].text)
		said := m.subject + "\n" + strings.ReplaceAll(m.body, "https://pg.example.cn/console"+l.Path, "")
		if found := telling.FindString(said); found != "" {
			t.Errorf("%s tells %q:\n%s", kind, found, said)
		}
		if strings.ContainsFunc(said, unicode.IsNumber) {
			t.Errorf("%s has figures:\n%s", kind, said)
		}
		han := strings.IndexFunc(m.body, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		latin := strings.IndexFunc(m.body, func(r rune) bool { return r < unicode.MaxASCII && unicode.IsLetter(r) })
		if han != 0 || latin < 0 || !strings.HasPrefix(m.subject, "【明鉴】有一项") || !strings.Contains(m.body, texts[kind].en) {
			t.Errorf("%s does not say it in Chinese first and in English:\n%s", kind, said)
		}
	}
}

// TestTelling: the net has no hole that it is meant to have none.
func TestTelling(t *testing.T) {
	for _, said := range []string{"得 87.5", "扣分", "八十七分", "第三", "申诉成立", "You lost", "Rank", "upheld", "87"} {
		if !telling.MatchString(said) {
			t.Errorf("%q goes unnoticed", said)
		}
	}
}
