package web

// admins are pages of tools that an owner might mistype or bookmark, and that a
// stranger only guesses.
func admins(k kinds) []probe {
	p := k.probe
	var list []probe
	// MySQL's web tools, which lie where their owner puts them.
	for _, name := range []string{
		"/phpmyadmin", "/phpmyadmin1", "/phpmyadmin2", "/phpmyadmin3", "/phpmyadmin4", "/phpmyadmin5", "/php-my-admin", "/php-myadmin",
		"/phpmy-admin", "/phpmyadmin_bak", "/phpmyadmin_", "/phpma", "/pma", "/pma2", "/pmamy", "/pmamy2", "/pma-old", "/pmd", "/myadmin", "/myadmin2",
		"/mysqladmin", "/mysql-admin", "/dbadmin", "/sqladmin", "/phpadmin", "/mysqlmanager", "/sqlmanager", "/websql", "/mysqldumper", "/msd",
	} {
		list = append(list, probe{at: folder, text: name, kind: p})
	}
	return append(list,
		probe{at: within, text: "/phpmyadmin-", kind: p}, // with its version
		probe{at: file, text: "adminer", script: true, kind: p},
		probe{at: ending, text: "/scripts/setup.php", kind: p},
		probe{at: ending, text: "/phpinfo.php", kind: p},
		probe{at: within, text: "/_profiler/phpinfo", kind: p},
		probe{at: within, text: "/_profiler/open", kind: p},
		probe{at: within, text: "/vendor/phpunit/", kind: p},
		probe{at: within, text: "/telescope/requests", kind: p},
		probe{at: within, text: "/_ignition/health-check", kind: p},
		probe{at: opening, text: "/manager/html", kind: p},
		probe{at: opening, text: "/manager/status", kind: p},
		probe{at: opening, text: "/host-manager/html", kind: p},
		probe{at: opening, text: "/jmx-console", kind: p},
		probe{at: opening, text: "/web-console/", kind: p},
		probe{at: opening, text: "/admin-console", kind: p},
		probe{at: opening, text: "/solr/admin/", kind: p},
		probe{at: opening, text: "/druid/index.html", kind: p},
		probe{at: opening, text: "/nacos/", kind: p},
		probe{at: opening, text: "/cfide/administrator", kind: p},
		probe{at: opening, text: "/+cscoe+/", kind: p},
		probe{at: opening, text: "/+cscot+/", kind: p},
		probe{at: opening, text: "/remote/hostcheck_validate", kind: p},
		probe{at: opening, text: "/ssl-vpn/hipreport.esp", kind: p},
		probe{at: opening, text: "/dana-na/", kind: p},
		probe{at: opening, text: "/remote/login", kind: p},
		probe{at: opening, text: "/global-protect/login.esp", kind: p},
		probe{at: opening, text: "/webinterface/login.html", kind: p},
		probe{at: opening, text: "/ecp/current/exporttool/", kind: p},
		probe{at: opening, text: "/geoserver/web/", kind: p},
		probe{at: ending, text: "/telerik.web.ui.webresource.axd", kind: p},
		probe{at: ending, text: "/jenkins/script", kind: p},
		probe{at: ending, text: "/actuator/env", kind: p},
		probe{at: opening, text: "/server-status", kind: p},
		probe{at: opening, text: "/a2billing/", kind: p},
		probe{at: opening, text: "/stalker_portal/server/adm/", kind: p},
		probe{at: ending, text: "/azenv.php", kind: p},
		probe{at: within, text: "/ckfinder/ckfinder.html", kind: p},
		probe{at: within, text: "/fckeditor/editor/filemanager/", kind: p},
		probe{at: ending, text: "/administrator/manifests/files/joomla.xml", kind: p},
		probe{at: ending, text: "/stssys.htm", kind: p},
		probe{at: ending, text: "/currentsetting.htm", kind: p},
		probe{at: opening, text: "/cgi-bin/php", kind: p},
	)
}
