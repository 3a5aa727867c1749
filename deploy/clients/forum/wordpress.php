<?php
/**
 * Plugin Name: Penaltybox
 * Description: Refuses registrations and comments from addresses that Penaltybox lists.
 * Version: 1.0
 *
 * Put this file into wp-content/mu-plugins/ as penaltybox-check.php, and
 * penaltybox.php into a folder penaltybox there, from where WordPress does not
 * load it by itself. Behind a proxy, let the web server put the visitor's
 * address into REMOTE_ADDR (mod_remoteip, ngx_http_realip_module).
 */
if (!defined('ABSPATH')) {
    exit;
}

require_once __DIR__ . '/penaltybox/penaltybox.php';

// Who registers.
add_filter('registration_errors', static function ($errors) {
    if (penaltybox_lists((string) ($_SERVER['REMOTE_ADDR'] ?? ''))) {
        $errors->add('penaltybox', 'Registrations from your address are refused, because attacks came from it.');
    }
    return $errors;
});

// A comment of a visitor who is not logged in goes to spam, where it can be
// taken back from.
add_filter('pre_comment_approved', static function ($approved, $comment) {
    if (empty($comment['user_id']) && penaltybox_lists((string) ($comment['comment_author_IP'] ?? ''))) {
        return 'spam';
    }
    return $approved;
}, 10, 2);
