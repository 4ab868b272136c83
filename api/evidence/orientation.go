package evidence

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
	"io"
)

const (
	// EXIF numbers the ways in which rows and columns can lie from 1 to 8.
	orientationUpright = 1
	orientationLast    = 8

	tagOrientation = 0x0112
	typeShort      = 3
	maxEXIF        = 1 << 20 // more is no camera's
)

// jpegOrientation reads the orientation from the EXIF segment before the first
// scan. Whatever is odd about it leaves the picture upright: the metadata of a
// stranger may turn a picture, and do nothing else.
func jpegOrientation(r *bufio.Reader) int {
	if _, err := r.Discard(2); err != nil { // start of image
		return orientationUpright
	}
	for {
		marker, err := nextMarker(r)
		if err != nil || marker == 0xD9 || marker == 0xDA { // end of image, start of scan
			return orientationUpright
		}
		if marker == 0x01 || marker >= 0xD0 && marker <= 0xD7 {
			continue // these have no length
		}
		var length uint16
		if err := binary.Read(r, binary.BigEndian, &length); err != nil || length < 2 {
			return orientationUpright
		}
		segment := make([]byte, length-2)
		if _, err := io.ReadFull(r, segment); err != nil {
			return orientationUpright
		}
		if tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok && marker == 0xE1 {
			return tiffOrientation(tiff)
		}
	}
}

// nextMarker skips to the byte behind the next 0xFF, as decoders do.
func nextMarker(r *bufio.Reader) (byte, error) {
	for marker := byte(0); ; {
		before := marker
		var err error
		if marker, err = r.ReadByte(); err != nil {
			return 0, err
		}
		if before == 0xFF && marker != 0xFF && marker != 0 {
			return marker, nil
		}
	}
}

// pngOrientation reads the orientation from the eXIf chunk.
func pngOrientation(r *bufio.Reader) int {
	if _, err := r.Discard(8); err != nil { // signature
		return orientationUpright
	}
	for {
		var chunk struct {
			Length uint32
			Name   [4]byte
		}
		if err := binary.Read(r, binary.BigEndian, &chunk); err != nil {
			return orientationUpright
		}
		switch string(chunk.Name[:]) {
		case "IEND":
			return orientationUpright
		case "eXIf":
			tiff := make([]byte, min(chunk.Length, maxEXIF))
			if _, err := io.ReadFull(r, tiff); err != nil {
				return orientationUpright
			}
			return tiffOrientation(tiff)
		}
		if _, err := io.CopyN(io.Discard, r, int64(chunk.Length)+4); err != nil { // with its checksum
			return orientationUpright
		}
	}
}

// tiffOrientation looks through the first directory of EXIF's TIFF block.
func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return orientationUpright
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return orientationUpright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			if o := int(order.Uint16(entries[8:])); o >= orientationUpright && o <= orientationLast {
				return o
			}
			break
		}
		entries = entries[12:]
	}
	return orientationUpright
}

// turn sets a picture upright. Half-transparent pixels of a PNG that is turned
// may lose the last bit of a color.
func turn(picture image.Image, orientation int) image.Image {
	if orientation == orientationUpright {
		return picture
	}
	bounds := picture.Bounds()
	w, h := bounds.Dx(), bounds.Dy()
	from := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(from, from.Bounds(), picture, bounds.Min, draw.Src)
	to := image.NewRGBA(from.Bounds())
	if orientation >= 5 { // rows become columns
		to = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			fromX, fromY := x, y
			switch orientation {
			case 2:
				fromX = w - 1 - x
			case 3:
				fromX, fromY = w-1-x, h-1-y
			case 4:
				fromY = h - 1 - y
			case 5:
				fromX, fromY = y, x
			case 6:
				fromX, fromY = y, h-1-x
			case 7:
				fromX, fromY = w-1-y, h-1-x
			case 8:
				fromX, fromY = w-1-y, x
			}
			copy(to.Pix[to.PixOffset(x, y):][:4], from.Pix[from.PixOffset(fromX, fromY):])
		}
	}
	return to
}
