package api

import "strings"

// Limits on a document's text, whoever sends it. graphql-go's parser and
// validation take quadratic time, and more, in the length of a line, in the
// number of tokens and in how deep they nest: 60 KB of open brackets keep it
// busy for minutes. So the text is looked over, in one pass, before it gets
// there.
const (
	maxDocument = 16 << 10 // bytes
	maxLine     = 4 << 10  // bytes
	maxTokens   = 4_000
	maxBrackets = 64 // open at once
)

// scanText holds a document's text against these limits. It knows strings and
// comments, so that brackets in them do not count, and nothing else: what is
// no GraphQL at all is for the parser to say.
func scanText(text string) error {
	if len(text) > maxDocument {
		return refuse(codeTooComplex, "查询过大。", "the document has %d bytes, at most %d", len(text), maxDocument)
	}
	tokens, open, line := 0, 0, 0
	inWord := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		wasWord := inWord
		inWord = isWord(c)
		switch {
		case inWord:
			if !wasWord {
				tokens++
			}
		case c == '\n' || c == '\r':
			line = i + 1
		case c == '#':
			i += length(text[i:], "\n\r") - 1
		case c == '"':
			tokens++
			end := i + stringLength(text[i:])
			if last := strings.LastIndexAny(text[i:end], "\n\r"); last >= 0 {
				line = i + last + 1
			}
			i = end - 1
		case c == '{' || c == '[' || c == '(':
			tokens++
			open++
		case c == '}' || c == ']' || c == ')':
			tokens++
			open--
		case c > ' ' && c != ',':
			tokens++
		}
		switch {
		case open > maxBrackets:
			return refuse(codeTooComplex, "查询嵌套过深。", "more than %d brackets are open at once", maxBrackets)
		case tokens > maxTokens:
			return refuse(codeTooComplex, "查询过大。", "the document has more than %d words and signs", maxTokens)
		case i-line > maxLine:
			return refuse(codeTooComplex, "查询的一行过长，请换行。", "a line has more than %d bytes; break it", maxLine)
		}
	}
	return nil
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// length is how far it is to the first of some bytes, or to the end.
func length(text, stop string) int {
	if n := strings.IndexAny(text, stop); n >= 0 {
		return n
	}
	return len(text)
}

// stringLength is how long the string is that the text starts with. One that
// is not closed ends where the parser gives up on it: at the line's end, or,
// for a block string, at the text's.
func stringLength(text string) int {
	const block = `"""`
	if strings.HasPrefix(text, block) {
		for i := len(block); i < len(text); i++ {
			switch {
			case strings.HasPrefix(text[i:], `\`+block):
				i += len(block)
			case strings.HasPrefix(text[i:], block):
				return i + len(block)
			}
		}
		return len(text)
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		case '\n', '\r':
			return i
		}
	}
	return len(text)
}
