package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/google/uuid"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/rights"
)

// The people of the demo. All logins end so that nobody takes them for real.
const (
	assessors = 16
	// The first reviewers sign off what teams have recorded; panels are named of
	// all who had no part in a record.
	teamReviewers, reviewers = 4, 12
	domainOf                 = "@demo.invalid"
	organizer                = "organizer" + domainOf
	// deliberator is the second organizer, without whom nothing is published.
	deliberator = "organizer-02" + domainOf
)

// account is the login of the subject's own people.
func (a *act) account() string { return accountOf(a.subject) }

func accountOf(subject string) string {
	if len(subject) == districtCode {
		return "district-" + subject + domainOf
	}
	return "center-" + subject + domainOf
}

// districtCode is the length of one; centers' codes are longer.
const districtCode = len("310101")

// Person is an account to sign in with and look around.
type Person struct {
	Login, Name string
	Grant       rights.Grant
}

// People is one account a role; their passwords are the caller's to set.
func (c Config) People() []Person {
	first := c.Roster[0]
	return []Person{
		{organizer, "演示组织者", rights.Grant{Role: rights.Organizer}},
		{login("assessor", 1), "演示评估员01", rights.Grant{Role: rights.Assessor}},
		{login("reviewer", 1), "演示复核员01", rights.Grant{Role: rights.Reviewer}},
		{accountOf(first.Code), "演示受理中心", rights.Grant{Role: rights.Center, Subject: first.Code}},
		{accountOf(first.DistrictCode), "演示区级部门", rights.Grant{Role: rights.District, Subject: first.DistrictCode}},
		{"auditor" + domainOf, "演示审计员", rights.Grant{Role: rights.Auditor}},
	}
}

func login(role string, n int) string { return fmt.Sprintf("%s-%02d%s", role, n, domainOf) }

// people creates the accounts that the play needs.
func (p *player) people(ctx context.Context) error {
	all := append(p.People(), Person{deliberator, "演示组织者02", rights.Grant{Role: rights.Organizer}})
	for n := 2; n <= assessors; n++ {
		all = append(all, Person{login("assessor", n), fmt.Sprintf("演示评估员%02d", n), rights.Grant{Role: rights.Assessor}})
	}
	for n := 2; n <= reviewers; n++ {
		all = append(all, Person{login("reviewer", n), fmt.Sprintf("演示复核员%02d", n), rights.Grant{Role: rights.Reviewer}})
	}
	for _, code := range p.districts()[1:] {
		all = append(all, Person{accountOf(code), "演示区级部门", rights.Grant{Role: rights.District, Subject: code}})
	}
	for _, row := range p.Roster[1:] {
		all = append(all, Person{accountOf(row.Code), "演示受理中心", rights.Grant{Role: rights.Center, Subject: row.Code}})
	}
	p.ids = make(map[string]string, len(all))
	var mu sync.Mutex
	var acts []func(context.Context) error
	for _, who := range all {
		acts = append(acts, func(ctx context.Context) error {
			id, err := p.Accounts.ID(who.Login)
			if err != nil {
				return err
			}
			mu.Lock()
			p.ids[who.Login] = id
			mu.Unlock()
			meta := auth.Meta{ID: p.id("account " + who.Login), Actor: command.Operator}
			_, err = p.Accounts.Create(ctx, meta, auth.Person{Login: who.Login, Name: who.Name}, []rights.Grant{who.Grant})
			if errors.Is(err, domain.ErrExists) { // a play that goes on
				return nil
			}
			return err
		})
	}
	return p.all(ctx, acts)
}

// districts lists the codes of those that the roster's centers are in, in its
// order.
func (c Config) districts() []string {
	var codes []string
	for _, row := range c.Roster {
		if !slices.Contains(codes, row.DistrictCode) {
			codes = append(codes, row.DistrictCode)
		}
	}
	return codes
}

func (p *player) id(step string) string {
	return uuid.NewSHA1(namespace, fmt.Appendf(nil, "%s/%d/%d/%s", Round, p.Seed, len(p.Roster), step)).String()
}

// photos is how many pictures each assessor of the demo took. The same one
// serves many findings of theirs: a piece is stored once, whatever refers to it.
const photos = 3

// photograph makes the assessors' evidence and stores it.
func (p *player) photograph(ctx context.Context) error {
	taken := make([]string, photos*assessors)
	var acts []func(context.Context) error
	for n := range taken {
		acts = append(acts, func(ctx context.Context) (err error) {
			taken[n], err = p.upload(ctx, p.at(opening), login("assessor", 1+n/photos), n)
			return err
		})
	}
	if err := p.all(ctx, acts); err != nil {
		return err
	}
	p.photos = make(map[string][]string, assessors)
	for n, sha := range taken {
		who := login("assessor", 1+n/photos)
		p.photos[who] = append(p.photos[who], sha)
	}
	return nil
}

// upload stores a picture as somebody's evidence, who may then refer to it. A
// play that goes on stores it once more, as people would who do not know whether
// the first time went through.
func (p *player) upload(ctx context.Context, commands *command.Commands, who string, n int) (string, error) {
	picture, err := photo(p.Seed, n)
	if err != nil {
		return "", err
	}
	piece, err := p.Evidence.Put(ctx, bytes.NewReader(picture))
	if err != nil {
		return "", err
	}
	return piece.SHA256, commands.Witness(ctx, p.ids[who], func(by domain.Stamp) domain.Event {
		return &access.EvidenceStored{Stamp: by, SHA256: piece.SHA256, Type: piece.Type, Size: piece.Size}
	})
}

// photo draws a picture that cannot be taken for a photograph: stripes, of
// which each seed and number has its own.
func photo(seed uint64, n int) ([]byte, error) {
	dice := rand.New(rand.NewPCG(seed, uint64(n)))
	picture := image.NewPaletted(image.Rect(0, 0, 320, 240), color.Palette{
		color.Gray{Y: 0xf2}, color.RGBA{R: uint8(dice.IntN(200)), G: uint8(dice.IntN(200)), B: uint8(dice.IntN(200)), A: 0xff},
	})
	width := 6 + dice.IntN(20)
	for y := range 240 {
		for x := range 320 {
			picture.SetColorIndex(x, y, uint8((x+y)/width%2))
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}
