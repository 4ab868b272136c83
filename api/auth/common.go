package auth

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed common.txt
var commonText string

// common holds the pieces that very common passwords are made of.
var common = readCommon(commonText)

func readCommon(text string) map[string]bool {
	pieces := make(map[string]bool)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for piece := range strings.FieldsSeq(line) {
			pieces[piece] = true
		}
	}
	return pieces
}

// maxPieces is of how many common pieces a common password is made.
const maxPieces = 4

// lookalikes are the signs that people write for letters.
var lookalikes = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t")

// isCommon reports whether a password is what everybody tries first: a few
// common pieces in a row, also with signs for letters, a run along the alphabet
// or the digits, a date, or one short thing again and again.
func isCommon(password string) bool {
	return madeOf([]rune(strings.ToLower(password))) <= maxPieces
}

// madeOf counts the fewest common pieces that make up the text.
func madeOf(text []rune) int {
	fewest := make([]int, len(text)+1) // of the first n characters
	for end := 1; end <= len(text); end++ {
		fewest[end] = end + maxPieces // not made of pieces
		for start := range end {
			if cost := fewest[start] + costOf(text[start:end], start == 0 || end == len(text)); cost < fewest[end] {
				fewest[end] = cost
			}
		}
	}
	return fewest[len(text)]
}

// costOf is how much a piece adds: nothing for signs between pieces and at the
// ends, which add little to guess, one for what is common, and too much else.
func costOf(piece []rune, outer bool) int {
	switch {
	case allSigns(piece) && (len(piece) == 1 || outer && repeats(piece) || outer && len(piece) <= 3):
		return 0
	case len(piece) >= 3 && (isListed(string(piece)) || isRun(piece) || repeats(piece)), isDate(string(piece)):
		return 1
	case len(piece) <= 2 && allDigits(piece):
		return 1
	}
	return len(piece) + maxPieces
}

// rows are the keys in the order in which fingers walk over them, both ways.
const rows = "qwertyuiopasdfghjklzxcvbnm mnbvcxzlkjhgfdsapoiuytrewq"

func isListed(piece string) bool {
	return common[piece] || common[lookalikes.Replace(piece)] || strings.Contains(rows, piece)
}

func allSigns(piece []rune) bool {
	for _, r := range piece {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return false
		}
	}
	return true
}

func allDigits(piece []rune) bool {
	for _, r := range piece {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// isRun finds 12345678, 90123, hgfedcba and the like.
func isRun(piece []rune) bool {
	for _, step := range []rune{1, -1} {
		run := true
		for i := 1; i < len(piece) && run; i++ {
			a, b := piece[i-1], piece[i]
			run = b == a+step || step == 1 && a == '9' && b == '0' || step == -1 && a == '0' && b == '9'
		}
		if run {
			return true
		}
	}
	return false
}

// repeats finds one to four characters again and again: aaaa, abcabc, 20222022.
func repeats(piece []rune) bool {
	for unit := 1; unit <= min(4, len(piece)/2); unit++ {
		same := len(piece)%unit == 0
		for i := unit; i < len(piece) && same; i++ {
			same = piece[i] == piece[i-unit]
		}
		if same {
			return true
		}
	}
	return false
}

// isDate finds years and days of the last and this century: 1987, 19870512,
// 870512.
func isDate(piece string) bool {
	if utf8.RuneCountInString(piece) != len(piece) || !allDigits([]rune(piece)) {
		return false
	}
	century := len(piece) >= 4 && (piece[:2] == "19" || piece[:2] == "20")
	switch len(piece) {
	case 4:
		return century
	case 6:
		return isDay(piece[2:])
	case 8:
		return century && isDay(piece[4:])
	}
	return false
}

func isDay(monthDay string) bool {
	return monthDay[:2] >= "01" && monthDay[:2] <= "12" && monthDay[2:] >= "01" && monthDay[2:] <= "31"
}
