<?php
/**
 * Whether Penaltybox lists an address, for any forum in PHP 7.4 or later; what
 * lies beside this file needs it. Put it where the forum's own files are and the
 * key, one of role checker (penaltybox reporter add forum1 --role checker), into
 * a file that the web server alone may read, outside of what it serves.
 *
 * When Penaltybox cannot be asked, the visitor is let in, after a second at
 * most; it is then not asked again for half a minute. That needs the folder
 * PENALTYBOX_CACHE, which only PHP's own user may write to (mode 0700).
 */
defined('PENALTYBOX_URL') || define('PENALTYBOX_URL', '@URL@');
defined('PENALTYBOX_KEY_FILE') || define('PENALTYBOX_KEY_FILE', '/etc/penaltybox-forum.key');
defined('PENALTYBOX_CACHE') || define('PENALTYBOX_CACHE', sys_get_temp_dir() . '/penaltybox-' . (function_exists('posix_geteuid') ? posix_geteuid() : 'forum'));

function penaltybox_lists(string $ip): bool
{
    if (!filter_var($ip, FILTER_VALIDATE_IP)) {
        return false;
    }
    $known = penaltybox_recall($ip, 60);
    if ($known !== null) {
        return $known === 'listed';
    }
    if (penaltybox_recall('outage', 30) !== null) {
        return false;
    }
    $answer = penaltybox_ask($ip);
    if ($answer === null) {
        penaltybox_remember('outage', 'outage');
        return false;
    }
    penaltybox_remember($ip, $answer);
    return $answer === 'listed';
}

/** Asks, and returns "listed", "clean", or null when there is no such answer. */
function penaltybox_ask(string $ip): ?string
{
    $key = @file_get_contents(PENALTYBOX_KEY_FILE);
    if ($key === false) {
        error_log('penaltybox: ' . PENALTYBOX_KEY_FILE . ' cannot be read');
        return null;
    }
    $body = penaltybox_get(PENALTYBOX_URL . '/v1/check/' . rawurlencode($ip), 'Authorization: Bearer ' . trim($key));
    if (preg_match('/^(listed|clean)\b/', (string) $body, $word)) {
        return $word[1];
    }
    error_log('penaltybox: ' . PENALTYBOX_URL . ' does not answer, or refuses the key');
    return null;
}

/** Gets an address within a second in all; PHP's own streams count each read anew. */
function penaltybox_get(string $url, string $header): ?string
{
    if (!function_exists('curl_init')) {
        $body = @file_get_contents($url, false, stream_context_create(['http' => ['timeout' => 1, 'header' => $header, 'follow_location' => 0]]));
        return $body === false ? null : $body;
    }
    $curl = curl_init($url);
    curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_HTTPHEADER => [$header], CURLOPT_TIMEOUT_MS => 1000, CURLOPT_NOSIGNAL => true, CURLOPT_FAILONERROR => true]);
    $body = curl_exec($curl);
    return is_string($body) ? $body : null;
}

/** What was remembered less than so many seconds ago; null: nothing. */
function penaltybox_recall(string $what, int $seconds): ?string
{
    $folder = penaltybox_folder();
    $age = $folder === null ? -1 : time() - (int) @filemtime($folder . '/' . sha1($what));
    $text = $age >= 0 && $age < $seconds ? @file_get_contents($folder . '/' . sha1($what)) : false;
    return $text === false || $text === '' ? null : $text;
}

/** Remembers in one step, so that nothing half written is read; old files go now and then. */
function penaltybox_remember(string $what, string $text): void
{
    $folder = penaltybox_folder();
    $new = $folder === null ? false : @tempnam($folder, 'new');
    if ($new !== false && (@file_put_contents($new, $text) !== strlen($text) || !@rename($new, $folder . '/' . sha1($what)))) {
        @unlink($new);
    }
    foreach ($folder !== null && random_int(1, 200) === 1 ? glob($folder . '/*') ?: [] : [] as $file) {
        if (time() - (int) @filemtime($file) > 600) {
            @unlink($file);
        }
    }
}

/** The folder to remember in: ours, no link, and nobody else may write there; null: nothing is remembered. */
function penaltybox_folder(): ?string
{
    @mkdir(PENALTYBOX_CACHE, 0700, true);
    $stat = @lstat(PENALTYBOX_CACHE);
    $self = function_exists('posix_geteuid') ? posix_geteuid() : (($file = @tmpfile()) ? fstat($file)['uid'] : -1);
    return $stat !== false && ($stat['mode'] & 0170022) === 0040000 && $stat['uid'] === $self ? PENALTYBOX_CACHE : null;
}
