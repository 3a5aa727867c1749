<?php
/**
 * For MediaWiki's LocalSettings.php: no edits and no accounts from listed
 * addresses, unless somebody is logged in.
 *
 *     require '/etc/mediawiki/penaltybox-mediawiki.php';
 *
 * MediaWiki asks by DNS, by the resolver of its machine. It takes any answer for
 * a listing, and waits as long as the resolver does: set "options timeout:1
 * attempts:1" in /etc/resolv.conf. Whom to let in anyway stands in
 * $wgProxyWhitelist.
 */
$wgEnableDnsBlacklist = true;
$wgDnsBlacklistUrls = ['@ZONE@.'];

// For a zone with keys; MediaWiki puts the key first, where we look for it too:
// $wgDnsBlacklistUrls = [['@ZONE@.', 'KEY']];

// MediaWiki asks about IPv4 alone. About IPv6 penaltybox.php can, by HTTP:
if (is_readable(__DIR__ . '/penaltybox.php')) {
    require_once __DIR__ . '/penaltybox.php';
    $wgHooks['GetUserBlock'][] = static function ($user, $ip, &$block) {
        if (!$block && is_string($ip) && strpos($ip, ':') !== false && !$user->isRegistered() && penaltybox_lists($ip)) {
            $block = new MediaWiki\Block\SystemBlock(['reason' => new Message('sorbsreason'), 'address' => $ip, 'anonOnly' => true, 'systemBlock' => 'dnsbl']);
            $block->isCreateAccountBlocked(true);
        }
    };
}
