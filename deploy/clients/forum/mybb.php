<?php
/**
 * MyBB 1.8: put this file into inc/plugins/ as penaltyboxcheck.php, with
 * penaltybox.php in a folder penaltybox beside it (inc/plugins/penaltybox/), and
 * activate it. MyBB asks StopForumSpam first, which must be on in its settings
 * and within reach; what Penaltybox lists is then refused as well.
 */
if (!defined('IN_MYBB')) {
    die('This file cannot be accessed directly.');
}

require_once __DIR__ . '/penaltybox/penaltybox.php';

$plugins->add_hook('stopforumspam_check_spammer_pre_return', 'penaltyboxcheck_spammer');

function penaltyboxcheck_info()
{
    return [
        'name' => 'Penaltybox',
        'description' => 'Refuses registrations from addresses that Penaltybox lists.',
        'website' => '@URL@',
        'version' => '1.0',
        'compatibility' => '18*',
        'codename' => 'penaltyboxcheck',
    ];
}

/**
 * MyBB says here whom it asked about and what came of it. With an address that
 * is listed, the visitor is a spammer, whatever StopForumSpam said.
 *
 * @param array $params username, email, ip_address, is_spammer, confidence
 */
function penaltyboxcheck_spammer(&$params)
{
    if (!$params['is_spammer'] && penaltybox_lists((string) $params['ip_address'])) {
        $params['is_spammer'] = true;
        $params['confidence'] = 100;
    }
}
