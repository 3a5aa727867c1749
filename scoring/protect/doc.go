// Package protect reads and packs lists of addresses that are to be protected,
// and holds those that come with the program.
//
// A list is taken whole or not at all: one line that is wrong may mean that the
// file is another than the operator thinks, and a list that is half there
// protects half of what its name says.
//
// The lists under sets are facts that the operators of those networks publish
// themselves. Each names its source and the day of which it is. The program
// never fetches newer ones; an operator gives them.
package protect
