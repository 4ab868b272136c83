package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// localClient reaches the server on this machine. Its certificate is for the
// name that people use, and not checked: the address is a loopback one, and
// came from a file that only we can read.
var localClient = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// askServer sends a GraphQL document to the server on this data folder.
func askServer(ctx context.Context, server running, document string, variables map[string]any, data any) error {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.API+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+server.Token)
	response, err := localClient.Do(request)
	if err != nil {
		return fmt.Errorf("the server at %s: %w", server.API, err)
	}
	defer response.Body.Close()
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message    string         `json:"message"`
			Extensions map[string]any `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("the server at %s answers %s: %w", server.API, response.Status, err)
	}
	var faults []error
	for _, e := range answer.Errors {
		faults = append(faults, fmt.Errorf("%s (%v)", e.Message, e.Extensions["code"]))
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	return json.Unmarshal(answer.Data, data)
}
