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
	add(appealsTable, ".csv", "申诉", "每件申诉一行：针对什么、理由的类别、结果和决定的理由。申诉人的陈述和证据、复核人员和表决不公开。", appealColumns)
	add(tallyTable, ".csv", "申诉统计", "申诉的件数、结果、恢复的分和用时：全部，以及按条款、按区、按理由。", tallyColumns)
	add(changesData, ".csv", "更正记录", "与上一次发布相比有变动的中心，每个使总分变动的事件一行；没有上一次发布时只有表头。", changeColumns)
	add(changesData, ".json", "更正记录（JSON）", "同上，另有各区的变动。", nil)
	add(releaseData, ".json", "全部数据", "本次发布的全部内容：标准、各区、各中心的逐条结果、扣分项、荣誉、申诉和中心说明。字段名与公开的 GraphQL 接口相同，未公布的为 null。", nil)
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
