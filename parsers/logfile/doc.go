// Package logfile opens logs as they lie in /var/log: plain, or compressed by
// logrotate with gzip, bzip2, xz or zstd, which it tells by their first bytes and not
// by their names.
package logfile
