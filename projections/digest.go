package projections

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// digest is the SHA-256 of every row of every table, in the tables' key order:
// equal digests mean equal read models.
func digest(conn *sqlite.Conn) (string, error) {
	var tables []string
	if err := query(conn, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", func(s *sqlite.Stmt) error {
		tables = append(tables, s.ColumnText(0))
		return nil
	}); err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, table := range tables {
		columns, err := count(conn, "SELECT count(*) FROM pragma_table_info(?)", table)
		if err != nil {
			return "", err
		}
		order := ""
		for i := range columns {
			order += fmt.Sprintf(", %d", i+1)
		}
		sum.Write([]byte(table))
		if err := query(conn, fmt.Sprintf("SELECT * FROM %s ORDER BY %s", table, order[2:]), func(s *sqlite.Stmt) error {
			for i := range s.ColumnCount() {
				value := []byte(s.ColumnText(i))
				if s.ColumnType(i) == sqlite.TypeBlob {
					value = blob(s, i)
				}
				var size [9]byte
				size[0] = byte(s.ColumnType(i))
				binary.BigEndian.PutUint64(size[1:], uint64(len(value)))
				sum.Write(size[:])
				sum.Write(value)
			}
			return nil
		}); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
