package web

import "bytes"

// isSecret tells whether a normalised path is that of a file that holds
// passwords, keys or the sources, and that no page links to.
func isSecret(path []byte) bool {
	name := path[bytes.LastIndexByte(path, '/')+1:]
	if bytes.IndexByte(path, '.') < 0 {
		return isKeyFile(name) || isSystemFile(path)
	}
	return isEnvironment(name) || isHidden(path) || isKeyFile(name) || isCopiedConfig(name) || isDump(path, name) || isBackup(path, name)
}

// isSystemFile knows files of the system that never lie below a site's root.
func isSystemFile(path []byte) bool {
	switch string(path) {
	case "/etc/passwd", "/etc/shadow", "/proc/self/environ", "/cvs/entries", "/cvs/root":
		return true
	}
	return bytes.HasSuffix(path, []byte("/aws/credentials"))
}

// isEnvironment knows .env, .env.production, .env_old, prod.env.
func isEnvironment(name []byte) bool {
	rest, ok := bytes.CutPrefix(name, []byte(".env"))
	if ok && (len(rest) == 0 || bytes.IndexByte([]byte("._-~0123456789"), rest[0]) >= 0) {
		return true
	}
	return bytes.HasSuffix(name, []byte(".env")) || string(name) == ".envrc" || string(name) == ".envs" ||
		bytes.HasPrefix(name, []byte("env.bak")) || bytes.HasPrefix(name, []byte("env.backup"))
}

// isHidden knows files in directories that version control, clouds' and
// shells' tools keep for themselves.
func isHidden(path []byte) bool {
	if !bytes.Contains(path, []byte("/.")) {
		return false
	}
	for _, directory := range []string{
		"/.git/", "/.svn/", "/.hg/", "/.bzr/", "/.aws/", "/.ssh/", "/.docker/", "/.kube/", "/.gnupg/", "/.vscode/", "/.azure/",
		"/.idea/", "/.config/", "/.circleci/", "/.jupyter/", "/.lanproxy/", "/.subversion/", "/.cordova/",
	} {
		if bytes.Contains(path, []byte(directory)) || bytes.HasSuffix(path, []byte(directory[:len(directory)-1])) {
			return true
		}
	}
	return false
}

// isKeyFile knows names that hold keys and passwords.
func isKeyFile(name []byte) bool {
	switch string(name) {
	case ".htpasswd", ".htaccess", ".passwd", ".netrc", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".s3cfg", ".boto", ".msmtprc", ".git-credentials",
		".gitconfig", ".bash_history", ".zsh_history", ".sh_history", ".mysql_history", ".psql_history", ".bashrc", ".rhosts", ".ftpconfig", ".dockercfg",
		".user.ini", "sftp-config.json", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "secrets.yml", "secrets.yaml", "secrets.json", "aws.yml",
		"aws-key.yml", "wp-config.php", "heapdump", "phpmyadmin.conf", ".awscfg", ".pwd", ".forward", ".gitlab-ci.yml", ".remote-sync.json",
		"server.key", "private.key", "privkey.pem", "database.yml", "parameters.yml":
		return true
	}
	return false
}

// isCopiedConfig knows copies of settings, which a server shows instead of
// running them: wp-config.php.bak, .wp-config.php.swp, wp-config.old,
// configuration.php~.
func isCopiedConfig(name []byte) bool {
	if bytes.Contains(name, []byte("wp-config")) {
		return !bytes.HasSuffix(name, []byte("-sample.php"))
	}
	front, rest, ok := bytes.Cut(bytes.TrimPrefix(name, []byte{'.'}), []byte(".php"))
	if !ok {
		return false
	}
	switch string(rest) {
	case ".bak", ".old", ".save", ".orig", ".original", ".swp", ".swo", ".txt", "~", ".1", ".2", ".bkp", ".backup", ".copy", ".tmp", "_bak":
	default:
		return false
	}
	switch string(front) {
	case "config", "configuration", "settings", "localsettings", "database", "db", "config.inc":
		return true
	}
	return false
}

// isDump knows dumps of databases, by the names and places that scanners guess.
// Other .sql files are downloads.
func isDump(path, name []byte) bool {
	at := bytes.Index(name, []byte(".sql"))
	if at < 0 || depth(path) > 2 {
		return false
	}
	switch string(name[at+len(".sql"):]) {
	case "", ".gz", ".zip", ".bz2", ".bzip2", ".tar", ".tar.gz", ".tgz", ".xz", ".7z", ".rar", ".bak", ".old":
	default:
		return false
	}
	switch string(name[:at]) {
	case "dump", "backup", "db", "db_backup", "database", "mysql", "mysqldump", "data", "site", "www", "localhost", "wordpress", "wp", "users", "sql",
		"dbdump", "db_dump", "dbase", "backup_db", "mysql_backup", "sqldump", "export", "mydb", "prod", "production", "staging", "root", "admin", "1", "test", "accounts", "customers", "backups", "bak", "latest", "magento", "joomla", "drupal":
		return true
	}
	return false
}

// isBackup knows archives of a whole site, by the names that scanners guess.
func isBackup(path, name []byte) bool {
	front, extension, _ := bytes.Cut(name, []byte{'.'})
	if depth(path) > 1 {
		return false
	}
	switch string(extension) {
	case "zip", "rar", "7z", "tar", "tar.gz", "tgz", "tar.bz2", "gz", "bak":
	default:
		return false
	}
	switch string(front) {
	case "backup", "backups", "bak", "www", "wwwroot", "public_html", "htdocs", "website", "webroot", "dump", "mysql", "sitebackup", "db", "dbbackup":
		return true
	}
	return false
}
