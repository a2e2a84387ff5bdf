// Reads a log as Go's checksum database would: golang.org/x/mod/sumdb, which shares no code and no
// author with us. usage: check LOG VKEY PROOF ENTRY OLD_SIZE OLD_ROOT CONSISTENCY
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	must(err)
	return data
}

func hash(text string) (h tlog.Hash) {
	data, err := base64.StdEncoding.DecodeString(text)
	must(err)
	if copy(h[:], data) != tlog.HashSize || len(data) != tlog.HashSize {
		must(fmt.Errorf("not a hash: %q", text))
	}
	return h
}

// number is the path of a tile's number: x001/067.
func number(n int64) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	return path
}

func partial(width int64) string {
	if width == 256 {
		return ""
	}
	return fmt.Sprintf(".p/%d", width)
}

// folder reads tiles of the layout of C2SP tlog-tiles.
type folder string

func (f folder) Height() int                                  { return 8 }
func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, t := range tiles {
		name := fmt.Sprintf("tile/%d/%s%s", t.L, number(t.N), partial(int64(t.W)))
		piece, err := os.ReadFile(filepath.Join(string(f), name))
		if err != nil {
			return nil, err
		}
		data = append(data, piece)
	}
	return data, nil
}

func main() {
	log, entry := os.Args[1], read(os.Args[4])
	verifier, err := note.NewVerifier(os.Args[2])
	must(err)
	keys := note.VerifierList(verifier)

	signed, err := note.Open(read(filepath.Join(log, "checkpoint")), keys)
	must(err)
	lines := strings.Split(signed.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root := hash(lines[2])

	// The proof file: header, index, hashes, empty line, checkpoint.
	head, checkpoint, found := strings.Cut(string(read(os.Args[3])), "\n\n")
	proof := strings.Split(head, "\n")
	if !found || proof[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(proof[1], "index ") {
		must(fmt.Errorf("not a proof: %q", head))
	}
	again, err := note.Open([]byte(checkpoint), keys)
	must(err)
	if again.Text != signed.Text {
		must(fmt.Errorf("the proof is under another checkpoint"))
	}
	index, err := strconv.ParseInt(proof[1][len("index "):], 10, 64)
	must(err)
	var path tlog.RecordProof
	for _, line := range proof[2:] {
		path = append(path, hash(line))
	}
	must(tlog.CheckRecord(path, size, root, index, tlog.RecordHash(entry)))

	old, err := strconv.ParseInt(os.Args[5], 10, 64)
	must(err)
	var growth tlog.TreeProof
	for _, line := range strings.Fields(string(read(os.Args[7]))) {
		growth = append(growth, hash(line))
	}
	must(tlog.CheckTree(growth, size, root, old, hash(os.Args[6])))

	// Every entry against its tile, and the root of all entries, computed anew.
	var stored []tlog.Hash
	own := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, at := range indexes {
			found = append(found, stored[at])
		}
		return found, nil
	})
	hashes := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, folder(log))
	for first := int64(0); first < size; first += 256 {
		width := min(256, size-first)
		name := "tile/entries/" + number(first/256) + partial(width)
		bundle := bytes.NewReader(read(filepath.Join(log, name)))
		for at := first; at < first+width; at++ {
			var length uint16
			must(binary.Read(bundle, binary.BigEndian, &length))
			record := make([]byte, length)
			_, err := bundle.Read(record)
			must(err)
			leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, at)})
			must(err)
			if leaf[0] != tlog.RecordHash(record) {
				must(fmt.Errorf("entry %d is not the one in the tree", at))
			}
			more, err := tlog.StoredHashesForRecordHash(at, leaf[0], own)
			must(err)
			stored = append(stored, more...)
		}
		if bundle.Len() != 0 {
			must(fmt.Errorf("%s is too long", name))
		}
	}
	computed, err := tlog.TreeHash(size, own)
	must(err)
	if computed != root {
		must(fmt.Errorf("the entries have another root"))
	}
	fmt.Printf("%d entries of %s\n", size, lines[0])
}
