package web

import "bytes"

// shells are names of web shells that nobody gives to anything else. Plain
// names (1.php, shell.php, log.php, cmd.asp) are missing on purpose, and so is
// whatever begins with alfa: cars are called so.
func shells(k kinds) []probe {
	w := k.webshell
	var list []probe
	for _, name := range []string{
		"alfa.", "alfa1.", "alfa2.", "alfa3.", "alfa4.", "alfa5.", "alfa-ioxi", "alfa-shell", "alfa_shell", "alfanew", "alfashell", "alfacgiapi", "alfa-rex", "cgialfa", "alfa_data",
		"wso.", "wso1.", "wso2.", "wso3.", "wso4.", "wso-", "wso_", "wsoyanz", "fox-wso", "foxwso",
		"c99", "r57", "xleet", "b374k", "b37.", "indoxploit", "indosec", "idx_config", "marijuana", "gel4y", "priv8", "0byte", "phpspy",
		"weevely", "webshell.", "leafmailer", "anonymousfox", "mini-shell", "minishell", "angel_shell", "wp-shell", "adminer-shell", "k4zuto",
		"symlinkbypass", "bypass403", "cpanel-shell", "madspot", "ans0n", "ninja-shell", "ani-shell", "antichat", "aspydrv", "aspxshell", "aspxsh.",
		"ayyildiz_tim", "azrailphp", "bloodsecv4", "cihshell", "configkiller", "crystalshell", "cwshelldumper", "cybershell", "dc3_security",
		"dive_shell", "dtool_pro", "elmaliseker", "ex0shell", "fatalisticz", "filesman.", "g00nshell", "g00nv13", "gamma_web_shell", "grp_webshell",
		"hkrkoz", "ironshell", "iskorpitx", "itsecteam_shell", "jspwebshell", "ka_ushell", "liz0zim", "loaderz_web_shell", "locus7s", "lostdc",
		"mackers_private_shell", "moroccan_spamers", "ncc-shell", "networkfilemanagerphp", "ntdaddy", "obfuscated-punknopass", "perlwebshell",
		"php_backdoor", "php-backdoor", "phpinj", "phpjackal", "phpremoteview", "phvayv", "private-i3lue", "punk-nopass", "punkholic",
		"qsd-backdoor", "r00t.", "remexp", "rootshell", "ru24_post_sh", "s72_shell", "safe_mode_bypass", "safe0ver", "sh3llx", "sh3ll.",
		"simattacker", "simple-backdoor", "simple_php_backdoor", "simshell", "small_web_shell", "smevk", "sniper_sa", "soldierofallah", "spygrup",
		"spyshell", "stnc_webshell", "toolaspshell", "upl0ader", "winx_shell", "worse_linux_shell", "zacosmall", "zehir4", "zyklonshell",
		"ajax_php_command_shell", "cgitelnet", "cpg_143_incl_xpl", "ctt_sh.", "3fexe.", "cmd_win32.", "up_win32.", "jspbd.", "jspshell.", "ekin0x", "lifkas.",
		"cbfphpsh", "bdotw44shell", "spexec.", "zehir.", "simple_cmd.", "casus-1", "sincap_1", "php_shell.", "wp-conflg", "wp-l0gin",
	} {
		list = append(list, probe{at: file, text: name, shell: true, kind: w})
	}
	// Alfa's directory, wherever it was dropped.
	return append(list, probe{at: within, text: "/alfa_data/", kind: w}, probe{at: within, text: "/alfacgiapi/", kind: w})
}

// isShellScript tells whether a path ends in a script of whatever sort.
func isShellScript(path []byte) bool {
	if isScript(path) {
		return true
	}
	switch string(path[bytes.LastIndexByte(path, '.')+1:]) {
	case "asp", "aspx", "ashx", "jsp", "jspx", "pl", "cgi", "cfm":
		return true
	}
	return false
}
