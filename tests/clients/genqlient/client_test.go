// Package genqlient runs what genqlient generates from schema.graphql against the server at QUARRY_URL.
package genqlient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Khan/genqlient/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"quarry/clients/genqlient/generated"
)

var (
	url    = os.Getenv("QUARRY_URL")
	client = graphql.NewClient(url, http.DefaultClient)
)

// store stores three documents of one author and returns their ids.
func store(t *testing.T, source string) []string {
	t.Helper()
	author := "Gopa"
	published := time.Date(2025, 5, 5, 7, 47, 20, 159_000_000, time.UTC)
	attributes := json.RawMessage(`{"stars": 5}`)
	var documents []generated.DocumentInput
	for n := range 3 {
		documents = append(documents, generated.DocumentInput{
			Source:      source,
			Key:         fmt.Sprintf("%s-%d", source, n),
			Text:        fmt.Sprintf("%s tea %d", source, n),
			AuthorName:  &author,
			PublishedAt: &published,
			Attributes:  &attributes,
		})
	}
	stored, err := generated.Store(t.Context(), client, documents)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, document := range stored.IndexDocuments.Documents {
		ids = append(ids, document.Id)
	}
	return ids
}

func TestQueriesAnswerWithTypedValues(t *testing.T) {
	ids := store(t, "genqlient")
	first := 2
	filter := generated.DocumentFilter{Source: []string{"genqlient"}}
	found, err := generated.Find(t.Context(), client, "genqlient tea", &first, &filter)
	if err != nil {
		t.Fatal(err)
	}
	if found.Search.TotalCount != 3 || len(found.Search.Edges) != 2 {
		t.Fatalf("%+v", found.Search)
	}
	edge := found.Search.Edges[0]
	if !slices.Contains(ids, edge.Node.Id) || edge.Score <= 0 || string(edge.Node.Attributes) != `{"stars":5}` {
		t.Errorf("%+v", edge)
	}
	if published := edge.Node.PublishedAt; published == nil || published.Nanosecond() != 159_000_000 {
		t.Errorf("published at %v", published)
	}
}

func TestNodesAreOfTheirTypes(t *testing.T) {
	ids := store(t, "gonode")
	fetched, err := generated.Fetch(t.Context(), client, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	document, ok := (*fetched.Node).(*generated.FetchNodeDocument)
	if !ok || document.Key != "gonode-0" {
		t.Fatalf("%+v", fetched.Node)
	}
	fetched, err = generated.Fetch(t.Context(), client, document.Author.Id)
	if err != nil {
		t.Fatal(err)
	}
	author, ok := (*fetched.Node).(*generated.FetchNodeAuthor)
	if !ok || author.Name != "Gopa" || author.DocumentCount != 3 {
		t.Fatalf("%+v", fetched.Node)
	}
}

func TestOneOfInputsHaveOneKey(t *testing.T) {
	user := "gopher"
	erased, err := generated.Erase(t.Context(), client, generated.EraseSearcherInput{UserId: &user})
	if err != nil || erased.EraseSearcher.Searches != 0 {
		t.Fatal(erased, err)
	}
}

func TestErrorsHaveCodesAndPaths(t *testing.T) {
	first := -1
	_, err := generated.Find(t.Context(), client, "tea", &first, nil)
	var refused gqlerror.List
	if !errors.As(err, &refused) || len(refused) != 1 {
		t.Fatal(err)
	}
	if refused[0].Extensions["code"] != "BAD_USER_INPUT" || refused[0].Path.String() != "search" {
		t.Errorf("%+v", refused[0])
	}
}

// dialer opens WebSockets for genqlient, which leaves the choice of a library to its users.
type dialer struct{ *websocket.Dialer }

func (d dialer) DialContext(ctx context.Context, url string, header http.Header) (graphql.WSConn, error) {
	connection, _, err := d.Dialer.DialContext(ctx, url, header)
	return connection, err
}

func TestSubscriptionsArrive(t *testing.T) {
	socket := graphql.NewClientUsingWebSocket(strings.Replace(url, "http", "ws", 1)+"/ws", dialer{websocket.DefaultDialer})
	failed, err := socket.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	events, _, err := generated.Logged(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	session := fmt.Sprintf("genqlient-%d", os.Getpid())
	// The first search that arrives shows that the subscription has begun.
	for n := 0; ; n++ {
		submitted := generated.LogKeystrokeInput{SessionId: session, Text: fmt.Sprintf("go tea %d", n), Submitted: true}
		if _, err := generated.Log(t.Context(), client, submitted); err != nil {
			t.Fatal(err)
		}
		select {
		case event := <-events:
			if event.Errors != nil {
				t.Fatal(event.Errors)
			}
			logged := event.Data.SearchLogged
			if logged.SessionId != session {
				continue
			}
			if !strings.HasPrefix(logged.Query, "go tea ") || logged.LastKeystrokeAt.IsZero() {
				t.Errorf("%+v", logged)
			}
			return
		case err := <-failed:
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
