<?php
/**
 * Plays the forums that are no Debian packages: loads a plugin as its forum does
 * and calls it the way that forum calls it when somebody registers.
 *
 *     php hosts.php FOLDER FORUM ADDRESS
 *
 * It prints "listed" if the visitor is refused and "clean" otherwise.
 */

namespace Symfony\Component\EventDispatcher {
    interface EventSubscriberInterface
    {
        public static function getSubscribedEvents();
    }
}

namespace {
    [, $folder, $forum, $address] = $argv;
    echo play($folder, $forum, $address) ? 'listed' : 'clean', "\n";

    function play(string $folder, string $forum, string $address): bool
    {
        switch ($forum) {
            case 'function':
                require "$folder/penaltybox.php";
                return penaltybox_lists($address);
            case 'mybb':
                return mybb($folder, $address);
            case 'smf':
                return smf($folder, $address);
            case 'phpbb':
                return phpbb($folder, $address);
            default:
                return wordpress($folder, $forum, $address);
        }
    }

    /** Calls functions by the names of hooks; MyBB and WordPress differ in how. */
    class Hooks
    {
        public array $functions = [];

        public function add_hook($hook, $function)
        {
            $this->functions[$hook] = $function;
        }

        public function run_hooks($hook, &$arguments)
        {
            $this->functions[$hook]($arguments);
        }
    }

    /** As StopForumSpamChecker::is_user_a_spammer ends. */
    function mybb(string $folder, string $ip_address): bool
    {
        define('IN_MYBB', 1);
        $plugins = new Hooks();
        require "$folder/mybb.php";
        if (penaltyboxcheck_info()['codename'] !== 'penaltyboxcheck') {
            exit(1);
        }
        $is_spammer = false;
        $confidence = 0;
        $params = ['ip_address' => &$ip_address, 'is_spammer' => &$is_spammer, 'confidence' => &$confidence];
        $plugins->run_hooks('stopforumspam_check_spammer_pre_return', $params);
        return $is_spammer && $confidence === 100;
    }

    /** As registerMember calls integrate_register_check. */
    function smf(string $folder, string $address): bool
    {
        $GLOBALS['user_info'] = ['ip' => $address];
        require "$folder/smf.php";
        $options = ['interface' => 'admin'];
        $errors = [];
        call_user_func_array('penaltybox_register_check', [&$options, &$errors]);
        if ($errors !== []) {
            exit(1); // an administrator is refused
        }
        $options = ['interface' => 'guest'];
        call_user_func_array('penaltybox_register_check', [&$options, &$errors]);
        return count($errors) === 1 && $errors[0][0] === 'done' && strpos($errors[0][1], '@URL@') === false;
    }

    /** As the dispatcher tells core.ucp_register_data_after. */
    function phpbb(string $folder, string $address): bool
    {
        require "$folder/event/phpbb-listener.php";
        $listener = new penaltybox\check\event\listener((object) ['ip' => $address]);
        $method = $listener::getSubscribedEvents()['core.ucp_register_data_after'];
        $event = new ArrayObject(['submit' => true, 'error' => ['another']]);
        $listener->$method($event);
        return count($event['error']) === 2;
    }

    function add_filter($hook, $function, $priority = 10, $arguments = 1)
    {
        $GLOBALS['filters'][$hook] = $function;
    }

    class WP_Error
    {
        public array $codes = [];

        public function add($code, $message)
        {
            $this->codes[] = $code;
        }
    }

    /** As register_new_user and wp_allow_comment apply filters. */
    function wordpress(string $folder, string $what, string $address): bool
    {
        define('ABSPATH', '/');
        $_SERVER['REMOTE_ADDR'] = $address;
        require "$folder/wordpress.php";
        if ($what === 'comment') {
            return $GLOBALS['filters']['pre_comment_approved'](1, ['comment_author_IP' => $address, 'user_id' => 0]) === 'spam';
        }
        return $GLOBALS['filters']['registration_errors'](new WP_Error(), 'mallory', 'm@example.org')->codes === ['penaltybox'];
    }
}
