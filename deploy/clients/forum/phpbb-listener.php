<?php
/**
 * phpBB 3.3: an extension of four files,
 *
 *     ext/penaltybox/check/composer.json         phpbb-composer.json
 *     ext/penaltybox/check/config/services.yml   phpbb-services.yml
 *     ext/penaltybox/check/event/listener.php    this file
 *     ext/penaltybox/check/penaltybox.php        penaltybox.php
 *
 * to be enabled under Customise, Manage extensions. Registrations from listed
 * addresses are refused.
 */

namespace penaltybox\check\event;

use Symfony\Component\EventDispatcher\EventSubscriberInterface;

require_once __DIR__ . '/../penaltybox.php';

class listener implements EventSubscriberInterface
{
    /** @var \phpbb\user */
    protected $user;

    public function __construct($user)
    {
        $this->user = $user;
    }

    public static function getSubscribedEvents()
    {
        return ['core.ucp_register_data_after' => 'refuse_listed'];
    }

    /** @param \phpbb\event\data $event with "error", what is wrong with a registration */
    public function refuse_listed($event)
    {
        if ($event['submit'] && \penaltybox_lists((string) $this->user->ip)) {
            $error = $event['error'];
            $error[] = 'Registrations from your address are refused, because attacks came from it.';
            $event['error'] = $error;
        }
    }
}
