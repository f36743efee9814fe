// Package api is the local API of a heartsay agent: the JSON that the agent speaks and a client for it. The agent
// serves it as HTTP on a Unix socket, and over TCP on loopback when it is told to. docs/protocol.md says what the words
// in it mean.
//
// [New] returns a client. [Client.Members] asks once; [Client.Follow] yields all that happens from then on, over breaks
// of the stream and restarts of the agent; [View] keeps who the members are as the events tell it; [Client.WaitFor] does
// all of that until a condition holds. [VerifyWebhook] is for programs that receive webhooks.
//
// What is here is promised: JSON keys and the words of [State], [EventType] and the codes of [Error] do not change.
// Later versions of an agent may add fields, states and types of events; a client ignores fields that it does not know.
// Durations are [time.Duration] in Go and numbers of seconds in JSON, times are RFC 3339 in UTC. Lists and maps are
// never null unless the field says that it may be absent.
//
// The package needs the standard library alone, so that a program may import it and get nothing else of heartsay.
package api
