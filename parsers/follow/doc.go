// Package follow reads a log that grows, and loses and repeats no line of it
// while the log is rotated or the reader restarted.
//
// A [Log] is polled: [Log.Poll] looks at the file and at what its name stands
// for, and hands out whole lines. [Log.Position] tells where reading stands;
// given to [Open] later, by another process too, reading goes on there. Save a
// position only when everything that the lines before it said is safe
// elsewhere.
//
// A file is known by its device, inode and the hash of its first bytes, so
// that these are told apart:
//
//   - renamed (auth.log is auth.log.1 now, and a new auth.log was made): the
//     old file is read to its end, and for a while after, since programs go on
//     writing to it until they are told; then the new one.
//   - copied and truncated (logrotate's copytruncate): the copy is finished,
//     then the file is read from its start.
//   - compressed with gzip, bzip2, xz or zstd, while nobody looked: the archive is
//     finished, then what was rotated after it, then the log itself.
//
// Rotated files are looked for beside the log, and beside the file that it is a
// link to: auth.log.1, auth.log-20261122, auth-20261122.log, with or without the
// ending of a compressor; beside "current" those of svlogd and multilog. Lines longer than [MaxLine] are passed over, and an
// unfinished line is read when it is finished.
package follow
