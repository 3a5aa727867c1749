// Package stopforumspam answers queries as StopForumSpam's API does, so that
// forums that ask it before they let somebody register or post can ask
// Penaltybox.
//
// An address appears if the zone lists it, and not before: forums turn away
// whatever appears. Penaltybox knows no mail addresses and no names of users;
// they are answered, because clients want every field that they asked for, as
// not appearing, and neither kept nor logged.
//
// The key is the parameter api_key; that of a checker will do. A server may
// answer everybody: whether an address is listed is what DNS tells everybody,
// too.
package stopforumspam
