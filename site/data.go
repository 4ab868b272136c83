package site

import "fmt"

// dataPage is data.html: the downloads.
type dataPage struct {
	frame
	Files []dataFile
}

// dataFile is a download with what it holds.
type dataFile struct {
	Name, Title, About string
	Size, SHA256       string
	Columns            []column
}

func newDataPage(b *book, t *tree, f frame) dataPage {
	p := dataPage{frame: f}
	add := func(base, ext, title, about string, columns []column) {
		name := b.download(base, ext)
		made := t.files[name]
		p.Files = append(p.Files, dataFile{
			Name: name, Title: title, About: about, Size: size(made.Size), SHA256: made.SHA256, Columns: columns,
		})
	}
	add(centersTable, ".csv", "各中心", "每家中心一行：名次、总分、各部分和各指标的得分。", centerColumns(&b.standard))
	add(districtsTable, ".csv", "各区", "每个区一行：名次、平均分、中位数、最高和最低分。", districtColumns)
	add(clausesTable, ".csv", "逐条结果", "每家已公布的中心的每一条一行：结果、分数、方式、日期、原因。", clauseColumns)
	add(releaseData, ".json", "全部数据", "本次发布的全部内容：标准、各区、各中心的逐条结果、扣分项和荣誉。字段名与公开的 GraphQL 接口相同，未公布的为 null。", nil)
	return p
}

// size shows a size in the units that file managers show.
func size(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d 字节", bytes)
	case bytes < 1000*1000:
		return fmt.Sprintf("%.1f KB", float64(bytes)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1000/1000)
}
