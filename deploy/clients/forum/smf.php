<?php
/**
 * SMF 2.1: put this file and penaltybox.php into Sources/ (this one as
 * Subs-Penaltybox.php), and call once, as an administrator, from a script beside
 * SSI.php:
 *
 *     require 'SSI.php';
 *     add_integration_function('integrate_register_check', 'penaltybox_register_check', true, '$sourcedir/Subs-Penaltybox.php');
 *
 * Registrations from listed addresses are refused. An administrator who makes an
 * account for somebody is not asked about.
 *
 * @param array $regOptions what the registration is made of
 * @param array $reg_errors faults, as SMF wants them: kind, text, whether to log
 */
function penaltybox_register_check(&$regOptions, &$reg_errors)
{
    global $user_info;
    require_once __DIR__ . '/penaltybox.php';
    if (isset($regOptions['interface']) && $regOptions['interface'] === 'admin') {
        return;
    }
    if (penaltybox_lists((string) ($user_info['ip'] ?? ''))) {
        $reg_errors[] = ['done', 'Registrations from your address are refused, because attacks came from it. Ask at @URL@ why.', false];
    }
}
