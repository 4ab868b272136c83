package sheets

// What a file may hold. Reading one takes memory in proportion to maxUnpacked,
// so whoever lets people upload should read a few at a time.
const (
	// MaxFile is how many bytes a file may have.
	MaxFile = 10 << 20
	// MaxRows is how many rows may follow the header, empty ones not counted.
	MaxRows = 20_000

	// maxColumns is how far to the right values may stand. Each row of a scan
	// keeps one bit a column in a word.
	maxColumns = 64

	// maxUnpacked is the size of all parts of a workbook together, maxParts their
	// number, maxElements the XML elements of the largest kinds of part and
	// maxSmallElements of any other.
	maxUnpacked      = 64 << 20
	maxParts         = 1_000
	maxElements      = 2_000_000
	maxSmallElements = 300_000
	maxDepth         = 100

	// maxCellBytes is what Excel's 32,767 characters can take in UTF-8.
	// maxEscapes bounds the _xHHHH_ in one cell, which excelize unescapes in
	// time by their square. maxText is what all values together may have: many
	// cells can share one long text.
	maxCellBytes = 1 << 17
	maxEscapes   = 500
	maxText      = 32 << 20

	// maxDelimiters bounds a CSV line before the reader splits it.
	maxDelimiters = 10_000

	// maxFaults is how many faults are listed; the rest are counted.
	maxFaults = 200

	// maxCellUnits is how many UTF-16 units Excel lets a cell have.
	maxCellUnits = 32_767
)

// Characters that people may type, column by column. Reasons and pieces of
// evidence are bounded as the domain bounds them.
const (
	maxName   = 100
	maxMail   = 254
	maxPhone  = 30
	maxReason = 4_000
	maxPieces = 50
	maxCount  = 1_000_000_000
)
