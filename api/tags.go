package api

import (
	"context"
	"net/http"
)

// TagsRequest is the body of POST /v1/tags: a change of the agent's own tags. All of it happens or nothing.
type TagsRequest struct {
	Set    map[string]string `json:"set,omitempty"`
	Delete []string          `json:"delete,omitempty"` // keys; one that is not there is no error
}

// TagsResult is the answer of GET and POST /v1/tags.
type TagsResult struct {
	Tags map[string]string `json:"tags"` // all that the agent has now; never null
}

// Tags changes the agent's own tags, tells the cluster, and returns all that it has then. They hold until the agent
// ends. A tag that breaks the bounds is an [*Error] with [CodeBadRequest]; then nothing changed. The zero request
// changes nothing.
func (c *Client) Tags(ctx context.Context, change TagsRequest) (TagsResult, error) {
	result, err := call[TagsResult](ctx, c, answerTime, http.MethodPost, "/v1/tags", change)
	if result.Tags == nil {
		result.Tags = map[string]string{}
	}
	return result, err
}
